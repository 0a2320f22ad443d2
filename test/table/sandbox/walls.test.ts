// What stands behind the gate: the process itself, and the locked database in it. Statements go straight to the
// process here, as if the gate had let them through; each is one that got past a setting of DuckDB, or tried to.
import { execFile, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startProcess, type SandboxProcess } from '../../../src/table/sandbox/child-process.ts'
import { defaultLimits } from '../../../src/table/sandbox/limits.ts'
import { openSandbox } from '../../../src/table/sandbox/sandbox.ts'
import { repositoryFolder } from '../../support/built-cli.ts'
import { testHost, writeParquet } from '../../support/sandbox-host.ts'

const host = testHost()
const original = await writeParquet(join(host.folder, 'data.parquet'), 'SELECT range AS i FROM range(100)')
const linux = existsSync('/proc/self/fd')
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

interface Inside {
  readonly child: SandboxProcess
  readonly folder: string
  readonly copy: string
}

/** A process that holds a copy of the table, with its folder, as `openSandbox` makes it. */
async function inside<T>(run: (inside: Inside) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(host.folder, 'inside-'))
  const copy = join(folder, 'data.parquet')
  copyFileSync(original, copy)
  const child = await startProcess(host, folder, defaultLimits)
  try {
    await child.ask({ job: 'load', tables: [{ name: 'data', files: [copy] }] })
    return await run({ child, folder, copy })
  } finally {
    await child.close()
  }
}

describe('past the gate', () => {
  const secret = join(host.folder, 'secret.csv')
  writeFileSync(secret, 'password\nhunter2\n')
  const other = join(host.folder, 'other.parquet')
  copyFileSync(original, other)

  const reading: readonly string[] = [
    `SELECT * FROM read_csv('${secret}')`,
    `SELECT * FROM '${secret}'`,
    `SELECT * FROM read_text('${secret}')`,
    `SELECT * FROM read_blob('${secret}')`,
    `SELECT * FROM read_json('${secret}')`,
    `SELECT * FROM sniff_csv('${secret}')`,
    `SELECT * FROM read_parquet('${other}')`,
    `SELECT * FROM parquet_metadata('${other}')`,
    `SELECT * FROM parquet_schema('${other}')`,
    `SELECT * FROM glob('${host.folder}/*')`,
    `SELECT * FROM query('SELECT * FROM read_text(''${secret}'')')`,
    `SELECT (SELECT content FROM read_text('${secret}'))`,
    "SELECT * FROM read_csv('https://127.0.0.1:1/x.csv')",
    "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
    `SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM read_text(''${secret}'')'))`,
    "SELECT getenv('HOME')",
    `SELECT * FROM sqlite_scan('${secret}', 'x')`,
  ]
  test('no file is read but the copies', async () => {
    await inside(async ({ child }) => {
      for (const sql of reading) {
        const answer = await child.ask({ job: 'query', sql, rows: 10 })
        expect(answer, sql).toMatchObject({ error: 'sql' })
        expect(JSON.stringify(answer), sql).not.toContain('hunter2')
      }
      expect(await child.ask({ job: 'query', sql: 'SELECT sum(i) FROM data', rows: 1 })).toMatchObject({
        rows: [['4950']],
      })
    })
  })

  const statements: readonly string[] = [
    `COPY (SELECT 1) TO '${host.folder}/new.csv'`,
    "COPY (SELECT 1) TO ':memory:' (USE_TMP_FILE false)",
    `ATTACH '${host.folder}/new.db'`,
    "ATTACH ':memory:' AS more",
    `EXPORT DATABASE '${host.folder}/export'`,
    'INSTALL httpfs',
    'LOAD httpfs',
    'SET enable_external_access = true',
    'SET lock_configuration = false',
    "SET memory_limit = '64GB'",
    'SET threads = 8',
    'RESET allowed_paths',
    "PRAGMA memory_limit = '64GB'",
    "CALL enable_logging('QueryLog', storage = 'stdout')",
    'CREATE TABLE t (a INT)',
    'DROP VIEW data',
    "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
    'SET VARIABLE x = 1',
    'CHECKPOINT',
    'SELECT 1; SELECT 2',
    "SELECT 1; COPY (SELECT 1) TO ':memory:' (USE_TMP_FILE false)",
    '',
  ]
  test('nothing runs but one SELECT', async () => {
    await inside(async ({ child, folder, copy }) => {
      const before = [readdirSync(folder), readdirSync(host.folder)]
      for (const sql of [...statements, `COPY (SELECT 1) TO '${copy}' (USE_TMP_FILE false)`])
        for (const job of ['query', 'describe'] as const)
          expect(await child.ask({ job, sql, rows: 1 }), sql).toMatchObject({ error: 'sql' })
      expect([readdirSync(folder), readdirSync(host.folder)]).toEqual(before)
      expect(readFileSync(copy)).toEqual(readFileSync(original))
    })
  })

  test('a text that ends the SELECT around it is a syntax error', async () => {
    await inside(async ({ child, copy }) => {
      for (const sql of ['SELECT 1) AS q; SELECT (1', "SELECT 1) TO 'x' --", 'SELECT 1 /*', 'SELECT 1 --'])
        await child.ask({ job: 'query', sql, rows: 1 })
      expect(readFileSync(copy)).toEqual(readFileSync(original))
    })
  })

  test('settings cannot be changed by a function', async () => {
    await inside(async ({ child }) => {
      const settings = `SELECT string_agg(name || '=' || value, ' ' ORDER BY name) FROM duckdb_settings()
        WHERE name IN ('allow_community_extensions', 'autoinstall_known_extensions', 'autoload_known_extensions',
          'enable_external_access', 'lock_configuration', 'threads', 'TimeZone')`
      expect(await child.ask({ job: 'query', sql: settings, rows: 1 })).toMatchObject({
        rows: [
          [
            'TimeZone=UTC allow_community_extensions=false autoinstall_known_extensions=false autoload_known_extensions=false enable_external_access=false lock_configuration=true threads=1',
          ],
        ],
      })
    })
  })

  test('the logging that ends a process of DuckDB ends the child, and nothing else', async () => {
    const path = join(host.folder, 'logs')
    const calls = [
      `SELECT * FROM enable_logging('QueryLog', storage = 'file', storage_config = {'path': '${path}'})`,
      "SELECT * FROM enable_logging('QueryLog', storage = 'stdout')",
    ]
    for (const sql of calls) {
      const pid = await inside(async ({ child }) => {
        await child.ask({ job: 'query', sql, rows: 1 }).catch(() => undefined)
        await child.ask({ job: 'query', sql: 'SELECT 1', rows: 1 }).catch(() => undefined)
        return child.pid
      })
      expect(alive(pid)).toBe(false)
    }
    expect(existsSync(path)).toBe(false)
  })

  test('tables are loaded once', async () => {
    await inside(async ({ child }) => {
      const tables = [{ name: 'more', files: [other] }]
      expect(await child.ask({ job: 'load', tables })).toMatchObject({ error: 'sandbox' })
    })
  })
})

describe('the process', () => {
  test.runIf(linux)('has no environment, no handles but its own, and a folder of its own', async () => {
    const held = openSync(original, 'r')
    process.env['QUILT_TEST_SECRET'] = 'hunter2'
    try {
      await inside(async ({ child, folder }) => {
        const at = `/proc/${String(child.pid)}`
        const environment = readFileSync(`${at}/environ`, 'utf8').split('\0').filter(Boolean).sort()
        expect(environment.filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line))).toEqual([
          `HOME=${folder}`,
          'MALLOC_ARENA_MAX=1',
          'TZ=UTC',
        ])
        expect(readlinkSync(`${at}/cwd`)).toBe(folder)
        const targets = readdirSync(`${at}/fd`).map((fd) => [fd, readlinkSync(`${at}/fd/${fd}`)] as const)
        expect(targets.filter(([fd]) => fd === '0' || fd === '1').map(([, target]) => target)).toEqual([
          '/dev/null',
          '/dev/null',
        ])
        const files = targets.map(([, target]) => target).filter((target) => target.startsWith('/'))
        expect(files.filter((target) => target !== '/dev/null' && !target.startsWith(folder))).toEqual([])
        const limits = readFileSync(`${at}/limits`, 'utf8')
        expect(limits).toMatch(/Max core file size +0 /)
        expect(limits).toMatch(/Max address space +\d/)
        expect(limits).toMatch(/Max file size +\d/)
      })
    } finally {
      delete process.env['QUILT_TEST_SECRET']
      closeSync(held)
    }
  })

  test.runIf(linux)('leads a group of its own, which is killed with it', async () => {
    const pid = await inside(({ child }) => {
      const group = readFileSync(`/proc/${String(child.pid)}/stat`, 'utf8')
        .split(') ')[1]
        ?.split(' ')[2]
      expect(Number(group)).toBe(child.pid)
      return Promise.resolve(child.pid)
    })
    expect(alive(pid)).toBe(false)
  })

  test('that is killed from outside is told of, and another can be opened', async () => {
    await inside(async ({ child }) => {
      const asked = child.ask({
        job: 'query',
        sql: 'SELECT count(*) FROM data a, data b, data c, data d, data e',
        rows: 1,
      })
      setTimeout(() => process.kill(child.pid, 'SIGKILL'), 100)
      await expect(asked).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await expect(child.ask({ job: 'parse', sql: 'SELECT 1' })).rejects.toMatchObject({
        code: 'UNAVAILABLE',
      })
    })
  })

  test('does not read what lies in its folder, above it, or in NODE_OPTIONS', async () => {
    const mark = join(host.folder, 'mark')
    const evil = join(host.folder, 'evil.cjs')
    writeFileSync(evil, `require('fs').writeFileSync(${JSON.stringify(mark)}, 'x')`)
    mkdirSync(join(host.folder, 'node_modules', '@duckdb', 'node-api'), { recursive: true })
    writeFileSync(join(host.folder, 'package.json'), '{"type":"module"}')
    copyFileSync(evil, join(host.folder, 'node_modules', '@duckdb', 'node-api', 'index.js'))
    process.env['NODE_OPTIONS'] = `--require ${evil}`
    try {
      const sandbox = await openSandbox(host)
      await sandbox.close()
    } finally {
      delete process.env['NODE_OPTIONS']
    }
    expect(existsSync(mark)).toBe(false)
  })

  test('an answer beyond the limit ends it', async () => {
    const folder = mkdtempSync(join(host.folder, 'inside-'))
    const child = await startProcess(host, folder, { ...defaultLimits, answerBytes: 10_000 })
    const sql = `SELECT ${'1, '.repeat(200)} 1`
    await expect(child.ask({ job: 'parse', sql })).rejects.toMatchObject({ code: 'INVALID' })
    expect(child.ended).toBe('answer')
    await child.close()
  })
})

describe('from a program of its own', () => {
  const endless =
    'SELECT count(*) FROM data a, data b, data c, data d, data e, data f WHERE a.i + b.i + c.i > d.i + e.i * f.i'
  const folder = mkdtempSync(join(tmpdir(), 'quilt-test-'))
  // Inside the repository, so that the program's packages are found.
  const root = join(repositoryFolder, 'node_modules', '.cache', 'quilt', `sandbox-${String(process.pid)}`)
  const program = join(root, 'bin', 'run.js')
  afterAll(() => {
    for (const path of [folder, root]) rmSync(path, { recursive: true, force: true })
  })

  beforeAll(() => {
    const pjson = JSON.parse(readFileSync(join(repositoryFolder, 'package.json'), 'utf8')) as {
      oclif: object
    }
    mkdirSync(join(root, 'bin'), { recursive: true })
    writeFileSync(
      join(root, 'package.json'),
      JSON.stringify({ ...pjson, oclif: { ...pjson.oclif, plugins: [] } }),
    )
    copyFileSync(join(repositoryFolder, 'bin', 'run.js'), program)
    const build = join(repositoryFolder, 'scripts', 'build.js')
    const commands = join(repositoryFolder, 'test', 'fixtures', 'sandbox')
    execFileSync(process.execPath, [build, 'cli', root, commands], { stdio: 'inherit' })
  })

  test("it starts in the command line's bundle", () => {
    const argv = [program, 'ask', original, 'SELECT max(i) AS most FROM data', '--folder', folder, '--json']
    const told = execFileSync(process.execPath, argv, { encoding: 'utf8', env: { HOME: folder } })
    expect(JSON.parse(told)).toMatchObject({ columns: [{ name: 'most' }], rows: [[99]] })
  })

  test('it starts in a program that is bundled otherwise, which then ends by itself', async () => {
    const argv = [
      'scripts/run-ts.js',
      'test/support/sandbox-ask.ts',
      folder,
      original,
      'SELECT min(i) FROM data',
    ]
    const { stdout } = await promisify(execFile)(process.execPath, argv, { cwd: repositoryFolder })
    expect(stdout).toContain('[[0]]')
  })

  test('it starts from the built library', () => {
    const dist = join(repositoryFolder, 'dist', 'table', 'sandbox', 'sandbox.js')
    if (!existsSync(dist)) throw new Error('build first: npm run build')
    const script = `
      const { openSandbox } = await import(${JSON.stringify(pathToFileURL(dist).href)})
      const [, folder, file] = process.argv
      const host = { execPath: process.execPath, folder, killGroup: (pid) => process.kill(-pid, 'SIGKILL') }
      const sandbox = await openSandbox(host)
      await sandbox.load([{ name: 'data', parts: [file] }])
      console.log(JSON.stringify((await sandbox.query('SELECT avg(i) FROM data', { tables: ['data'] }, 1)).rows))
      await sandbox.close()`
    const argv = ['--input-type=module', '--eval', script, '--', folder, original]
    expect(execFileSync(process.execPath, argv, { encoding: 'utf8', cwd: folder })).toBe('[[49.5]]\n')
  })

  test('it ends when its parent is killed', async () => {
    const parent = spawn(process.execPath, [program, 'ask', original, endless, '--folder', folder], {
      env: { HOME: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => parent.stdout.once('data', resolve))
    const child = childOf(parent.pid as number)
    expect(alive(child)).toBe(true)
    parent.kill('SIGKILL')
    for (let i = 0; i < 100 && alive(child); i++) await new Promise((resolve) => setTimeout(resolve, 50))
    expect(alive(child)).toBe(false)
  })
})

/** The one process that another has started. */
function childOf(pid: number): number {
  const found = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
  return Number(found.trim().split('\n')[0])
}

test('the copies that a sandbox is given may not be written to', async () => {
  const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
  const before = hash(original)
  const sandbox = await openSandbox(host)
  await sandbox.load([{ name: 'data', parts: [original] }])
  await sandbox.close()
  expect(hash(original)).toBe(before)
})
