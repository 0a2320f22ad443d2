// The documents cannot lag: they name every command, flag, code and key, and their examples run.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { errorCodes } from '../src/core/base/error.ts'
import { exitCodes } from '../src/cli/exit-code.ts'
import { undocumented, type ManifestCommand } from './support/docs-coverage.ts'
import { blocksOf, runExamples, stepsOf, type Place } from './support/docs-examples.ts'

const home = fileURLToPath(new URL('..', import.meta.url))
const place: Place = { home, files: ['examples'] }

interface Document {
  readonly path: string
  readonly text: string
}

const inDocs = readdirSync(join(home, 'docs'), { recursive: true, encoding: 'utf8' }).map(
  (name) => `docs/${name}`,
)
const documents: readonly Document[] = ['README.md', 'CONTRIBUTING.md', ...inDocs]
  .filter((path) => path.endsWith('.md') && existsSync(join(home, path)))
  .map((path) => ({ path, text: readFileSync(join(home, path), 'utf8') }))

beforeAll(() => {
  if (existsSync(join(home, 'oclif.manifest.json')) && existsSync(join(home, 'dist', 'cli', 'main.js')))
    return
  const { status } = spawnSync(process.execPath, [join(home, 'scripts', 'build.js'), 'cli'], {
    stdio: 'inherit',
  })
  expect(status).toBe(0)
})

function manifestCommands(): readonly ManifestCommand[] {
  const text = readFileSync(join(home, 'oclif.manifest.json'), 'utf8')
  return Object.values((JSON.parse(text) as { commands: Record<string, ManifestCommand> }).commands)
}

describe('the check sees the documents', () => {
  test('and the commands that there are', () => {
    expect(documents.length).toBeGreaterThan(5)
    const files = readdirSync(join(home, 'src', 'commands'), { recursive: true, encoding: 'utf8' })
    expect(manifestCommands().length).toBe(files.filter((name) => name.endsWith('.ts')).length)
  })

  test('and notices what they do not name', () => {
    const command = { id: 'tag:add', flags: { force: {}, 'dry-run': {}, secret: { hidden: true } } }
    const subjects = { commands: [command], codes: ['NOPE'], keys: ['a.b'] }
    expect(undocumented(subjects, ['# quilt tag\n\n--force'])).toHaveLength(3)
    expect(undocumented(subjects, ['## quilt tag add\n\n--force-all `NOPE` `a.b`'])).toEqual([
      'the flag --force of "tag add" is not in its section',
      'the flag --dry-run of "tag add" is not in its section',
    ])
    expect(undocumented(subjects, ['## `quilt tag add`\n\n--force --dry-run `NOPE`', '`a.b`'])).toEqual([])
  })

  test('and a failing example, a wrong output, a command that is not there', () => {
    const run = (script: string): readonly string[] => runExamples(`\`\`\`sh\n${script}\n\`\`\``, place)
    expect(run('true\nfalse\ntrue')[0]).toContain('ended with 1')
    expect(run('echo one\n#> two')[0]).toContain('instead of:\ntwo')
    expect(run('echo one\n#> one\necho two\n#> one')).toHaveLength(1)
    expect(run('quilt no-such-command')[0]).toContain('ended with 2')
    expect(run('false | cat')[0]).toContain('ended with 1')
    expect(run('echo one   two\n#> o…  two\nx=1\necho $x\n#> 1\nls examples | head -n 1')).toEqual([])
    expect(run('quilt --version\n#> quilt … node-…')).toEqual([])
  })

  test('and takes only blocks marked sh', () => {
    const text = '```bash\nfalse\n```\n\n```sh\na\n#> b\nc\n```\n'
    expect(blocksOf(text).map(({ language, line }) => [language, line])).toEqual([
      ['bash', 1],
      ['sh', 5],
    ])
    expect(stepsOf(text)).toEqual([
      { line: 6, script: 'a', prints: ['b'] },
      { line: 8, script: 'c', prints: undefined },
    ])
  })
})

describe('the documents', () => {
  test('name every command, flag, error code and configuration key', async () => {
    const texts = documents.filter(({ path }) => path.startsWith('docs/')).map(({ text }) => text)
    const subjects = { commands: manifestCommands(), codes: errorCodes, keys: await configurationKeys() }
    expect(undocumented(subjects, texts)).toEqual([])
  })

  test('say the exit status of every code', () => {
    const errors = documents.find(({ path }) => path === 'docs/errors.md')?.text ?? ''
    for (const code of errorCodes) {
      const row = errors.split('\n').find((line) => line.startsWith(`| \`${code}\` `))
      expect(row, code).toContain(`| ${String(exitCodes[code])} |`)
    }
  })

  test('hold the commands as they are now', () => {
    const { stderr, status } = spawnSync(
      process.execPath,
      [join(home, 'scripts', 'cli-docs.js'), '--check'],
      {
        encoding: 'utf8',
      },
    )
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  })

  test('link to files that are there', () => {
    for (const { path, text } of documents) {
      for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
        if (/^[a-z]+:/.test(target)) continue
        expect(existsSync(join(home, path, '..', target)), `${path} links to ${target}`).toBe(true)
      }
    }
  })

  const runnable = documents.filter(({ text }) => stepsOf(text).length > 0)
  test.each(runnable.map(({ path, text }) => [path, text] as const))('%s: its examples run', (_, text) => {
    expect(runExamples(text, place)).toEqual([])
  })
})

/** The names of all settings, as `src/session/configuration.ts` lists them in `configurationKeys`. */
async function configurationKeys(): Promise<readonly string[]> {
  const file = join(home, 'src', 'session', 'configuration.ts')
  if (!existsSync(file)) return []
  const loaded = (await import(pathToFileURL(file).href)) as { configurationKeys: readonly string[] }
  expect(loaded.configurationKeys.length).toBeGreaterThan(0)
  return loaded.configurationKeys
}
