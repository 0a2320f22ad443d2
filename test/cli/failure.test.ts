import { describe, expect, test } from 'vitest'
import { errorCodes, QuiltError } from '../../src/core/base/error.ts'
import { exitCode, exitCodes } from '../../src/cli/exit-code.ts'
import { describeFailure } from '../../src/cli/failure.ts'

describe('exit statuses', () => {
  test('every code has the one of the contract', () => {
    expect(exitCodes).toEqual({
      INVALID: 2,
      AMBIGUOUS: 2,
      NOT_FOUND: 3,
      CORRUPT: 4,
      CONFLICT: 5,
      LOCKED: 5,
      DENIED: 6,
      UNSUPPORTED: 7,
      UNAVAILABLE: 8,
    })
    expect(Object.keys(exitCodes).sort()).toEqual([...errorCodes].sort())
    for (const code of errorCodes) expect(exitCode(new QuiltError(code, 'x'))).toBe(exitCodes[code])
  })

  test('what nobody foresaw is a bug', () => {
    for (const error of [new TypeError('x'), 'text', undefined, null, 5]) expect(exitCode(error)).toBe(1)
  })
})

describe('describing an error', () => {
  test('keeps its code, message and hint', () => {
    const error = new QuiltError('NOT_FOUND', 'no version 1.3.0 of ada/wine', { hint: 'list them' })
    expect(describeFailure(error, false)).toEqual({
      code: 'NOT_FOUND',
      message: 'no version 1.3.0 of ada/wine',
      problems: [],
      hint: 'list them',
      detail: [],
      status: 3,
    })
  })

  test('shows no stack unless asked', () => {
    const bug = new TypeError('x is not a function')
    const short = describeFailure(bug, false)
    expect(short).toMatchObject({ code: 'BUG', status: 1, detail: [] })
    expect(short.message).toContain('this is a bug in quilt: x is not a function')
    expect(short.hint).toContain('report')
    expect(describeFailure(bug, true).detail.join('\n')).toContain('failure.test.ts')
  })

  test('tells the causes with --verbose', () => {
    const error = new QuiltError('CORRUPT', 'damaged', { cause: new Error('bad magic') })
    expect(describeFailure(error, true).detail[0]).toBe('cause: bad magic')
  })

  test.each([
    ['ENOSPC', 8],
    ['EACCES', 6],
    ['EIO', 8],
    ['EMFILE', 8],
  ])('takes %s from the system for %i', (code, status) => {
    const error = Object.assign(new Error(`${code}: write`), { code })
    expect(describeFailure(error, false).status).toBe(status)
  })

  /** An error as oclif makes it. */
  const usage = (message: string, more: object = {}): Error =>
    Object.assign(new Error(`${message}\nSee more help with --help`), { oclif: { exit: 2 } }, more)

  test('takes what oclif says about arguments for wrong usage, in one line', () => {
    const args = [{ name: 'pkg', description: 'the package' }, { name: 'tag' }]
    const error = usage('Missing 2 required args:\npkg  the package\ntag', { args })
    expect(describeFailure(error, false, 'quilt tag add')).toEqual({
      code: 'INVALID',
      message: 'missing arguments: PKG (the package), TAG',
      detail: [],
      hint: 'see: quilt tag add --help',
      status: 2,
    })
  })

  test.each([
    [
      'Parsing --depth \n\tExpected an integer but received: x',
      'parsing --depth: expected an integer but received: x',
    ],
    ['The following error occurred:\n  All of these: --merge', 'all of these: --merge'],
    ['The following errors occurred:\n  --a clashes\n  --b clashes', '--a clashes; --b clashes'],
  ])('tells %j in one line', (message, told) => {
    expect(describeFailure(usage(message), false)).toMatchObject({ message: told, detail: [] })
  })

  test('says which flag was meant', () => {
    const parse = { input: { flags: { json: {}, remote: {} } } }
    const hintOf = (flag: string): string | undefined =>
      describeFailure(usage(`Nonexistent flag: ${flag}`, { flags: [flag], parse }), false, 'quilt ls').hint
    expect(hintOf('--jsno')).toBe('did you mean --json? See: quilt ls --help')
    expect(hintOf('--xyzzy')).toBe('see: quilt ls --help')
    expect(hintOf('-z')).toBe('see: quilt ls --help')
  })
})
