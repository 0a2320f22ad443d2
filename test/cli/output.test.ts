import { describe, expect, test } from 'vitest'
import { isInteractive, openOutput, settingsFromArgv, wantsColor } from '../../src/cli/output.ts'
import { recordingStreams } from '../support/recording-streams.ts'

const plain = settingsFromArgv([])
const json = settingsFromArgv(['--json'])

async function* letters(): AsyncGenerator<string> {
  yield 'a'
  yield 'b'
}

describe('data and talk', () => {
  test('data goes to stdout, talk to stderr', () => {
    const streams = recordingStreams()
    const out = openOutput(streams, settingsFromArgv(['--verbose']))
    out.line('one', 'two')
    out.note('a note')
    out.detail('a detail')
    out.warn('beware')
    expect(streams.printed).toEqual({ stdout: 'one\ttwo\n', stderr: 'a note\na detail\nwarning: beware\n' })
  })

  test('--quiet silences notes, neither data nor warnings', () => {
    const streams = recordingStreams()
    const out = openOutput(streams, settingsFromArgv(['-q']))
    out.note('a note')
    out.detail('a detail')
    out.warn('beware')
    out.line('data')
    expect(streams.printed).toEqual({ stdout: 'data\n', stderr: 'warning: beware\n' })
  })

  test('with --json nothing but the value reaches stdout', async () => {
    const streams = recordingStreams()
    const out = openOutput(streams, json)
    out.line('data')
    await out.table(['A'], [['1']])
    await out.value({ name: 'a\u202eb', when: new Date(0), size: 5n, by: new Map([['k', 1]]) })
    expect(JSON.parse(streams.printed.stdout)).toEqual({
      name: 'a\u202eb',
      when: '1970-01-01T00:00:00.000Z',
      size: 5,
      by: { k: 1 },
    })
    expect(streams.printed.stdout).toContain('a\\u202eb')
  })

  test('writes a list that comes bit by bit as one array', async () => {
    const streams = recordingStreams()
    const out = openOutput(streams, json)
    await out.value(letters())
    expect(JSON.parse(streams.printed.stdout)).toEqual(['a', 'b'])
    const [whole, parts] = [recordingStreams(), recordingStreams()]
    const rows = [{ name: 'a\nb', list: [1] }, { name: 'c' }]
    await openOutput(whole, json).value(rows)
    await openOutput(parts, json).value(
      (async function* () {
        yield* rows
      })(),
    )
    expect(parts.printed.stdout).toBe(whole.printed.stdout)
    const empty = recordingStreams()
    // oxlint-disable-next-line no-empty-function -- the empty list
    await openOutput(empty, json).value((async function* () {})())
    expect(empty.printed.stdout).toBe('[]\n')
  })

  test('errors are a message and a hint, or one JSON object on stderr', () => {
    const people = recordingStreams()
    openOutput(people, plain).failure({ code: 'NOT_FOUND', message: 'no a\nhint: b', hint: 'do c' })
    expect(people.printed.stderr).toBe('error: no a\\nhint: b\nhint: do c\n')
    const programs = recordingStreams()
    openOutput(programs, json).failure({ code: 'NOT_FOUND', message: 'no a\nb', hint: 'do c' })
    expect(JSON.parse(programs.printed.stderr)).toEqual({
      error: { code: 'NOT_FOUND', message: 'no a\nb', hint: 'do c' },
    })
    expect(programs.printed.stdout).toBe('')
  })
})

describe('tables', () => {
  test('align their columns, numbers to the right, and escape what is in them', async () => {
    const streams = recordingStreams()
    await openOutput(streams, plain).table(
      ['NAME', { title: 'SIZE', right: true }],
      [
        ['a\u001b[2J', '5 B'],
        ['日本', '1.2 kB'],
      ],
    )
    expect(streams.printed.stdout.split('\n')).toEqual([
      'NAME        SIZE',
      'a\\x1b[2J     5 B',
      '日本      1.2 kB',
      '',
    ])
  })

  test('align what is coloured as they do what is not', async () => {
    const streams = recordingStreams()
    const out = openOutput({ ...streams, env: { FORCE_COLOR: '1' } }, plain)
    await out.table(
      ['NAME', 'AT', 'END'],
      [
        [out.paint.red('ab'), 'long', ''],
        ['abcdef', 'x', out.paint.dim('e')],
      ],
    )
    const [title, ...lines] = streams.printed.stdout.split('\n')
    expect(title?.replaceAll(/\u001b\[\d+m/g, '')).toBe('NAME    AT    END')
    expect(lines).toEqual([`${out.paint.red('ab')}      long`, `abcdef  x     ${out.paint.dim('e')}`, ''])
  })

  test('print nothing without rows', async () => {
    const streams = recordingStreams()
    await openOutput(streams, plain).table(['NAME'], [])
    expect(streams.printed.stdout).toBe('')
  })
})

describe('colours', () => {
  const stream = (isTTY: boolean) => ({ ...recordingStreams().stdout, isTTY })
  test.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
    [true, { CI: 'true' }, false],
    [false, { FORCE_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('on a terminal: %s, with %j: %s', (isTTY, env, wanted) => {
    expect(wantsColor(stream(isTTY), env, plain)).toBe(wanted)
  })

  test('--no-color wins over all', () => {
    expect(wantsColor(stream(true), { FORCE_COLOR: '1' }, settingsFromArgv(['--no-color']))).toBe(false)
  })

  test('are the only escape sequences that get through', () => {
    const streams = recordingStreams({ env: { FORCE_COLOR: '1' } })
    const out = openOutput(streams, plain)
    out.line(`${out.paint.bold('a\u001b[2Jb')} \u001b[8mhidden`)
    expect(streams.printed.stdout).toBe('\u001b[1ma\\x1b[2Jb\u001b[22m \\x1b[8mhidden\n')
  })
})

test('flags behind -- are no settings', () => {
  expect(settingsFromArgv(['--', '--json']).json).toBe(false)
})

test('nobody is asked in CI or on a dumb terminal', () => {
  expect(isInteractive(recordingStreams({ tty: true }))).toBe(true)
  expect(isInteractive(recordingStreams({ tty: true, env: { CI: '1' } }))).toBe(false)
  expect(isInteractive(recordingStreams({ tty: true, env: { TERM: 'dumb' } }))).toBe(false)
  expect(isInteractive(recordingStreams())).toBe(false)
})

describe('a stdout that fails', () => {
  test('ends quietly when the reader has gone', async () => {
    const out = openOutput(recordingStreams({ fails: { code: 'EPIPE', from: 2 } }), plain)
    out.line('a')
    expect(out.closed).toBe(false)
    out.line('b')
    expect(out.closed).toBe(true)
    await out.bytes(new Uint8Array(3))
    await expect(out.flush()).resolves.toBeUndefined()
  })

  test('is an error when the disk is full', async () => {
    const out = openOutput(recordingStreams({ fails: { code: 'ENOSPC', from: 1 } }), plain)
    out.line('a')
    await expect(out.flush()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
