// The sandbox with real processes: what a query gives, what it may use, and what is left when it wants more.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { defaultLimits, type SandboxLimits } from '../../../src/table/sandbox/limits.ts'
import { openSandbox, type Sandbox } from '../../../src/table/sandbox/sandbox.ts'
import { testHost, writeParquet } from '../../support/sandbox-host.ts'

const host = testHost()
const names = { tables: ['data'] }
const sql = "SELECT range AS i, range / 4 AS x, 'v' || range AS s FROM range(1000)"
const file = await writeParquet(join(host.folder, 'data.parquet'), sql)
const sum = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
const leftovers = (): readonly string[] =>
  readdirSync(host.folder).filter((name) => name.startsWith('quilt-checks-'))

async function within<T>(
  run: (sandbox: Sandbox) => Promise<T>,
  limits: Partial<SandboxLimits> = {},
): Promise<T> {
  const sandbox = await openSandbox(host, { ...defaultLimits, ...limits })
  try {
    await sandbox.load([{ name: 'data', parts: [file] }])
    return await run(sandbox)
  } finally {
    await sandbox.close()
  }
}

describe('a query', () => {
  test('gives columns with their types and at most as many rows as are wanted', async () => {
    await within(async (sandbox) => {
      expect(await sandbox.query('SELECT * FROM data', names, 2)).toEqual({
        columns: [
          { name: 'i', type: 'BIGINT' },
          { name: 'x', type: 'DOUBLE' },
          { name: 's', type: 'VARCHAR' },
        ],
        rows: [
          [0, 0, 'v0'],
          [1, 0.25, 'v1'],
        ],
      })
      expect((await sandbox.query('SELECT i FROM data', names, 1000)).rows).toHaveLength(1000)
      expect((await sandbox.query('SELECT i FROM data WHERE i < 0', names, 3)).rows).toEqual([])
    })
  })

  test('gives every type exactly, or as text', async () => {
    const values = `SELECT 9007199254740993, 9007199254740991, -1::HUGEINT, 1.10::DECIMAL(5, 2), 'nan'::DOUBLE, true,
      NULL, DATE '2020-01-31', TIMESTAMPTZ '2020-01-31 12:00:00+02', [1, NULL], {'a': 'b'}, 'x'::BLOB, 1 AS a, 2 AS a`
    const { rows, columns } = await within((sandbox) => sandbox.query(values, names, 1))
    expect(rows).toEqual([
      [
        '9007199254740993',
        9_007_199_254_740_991,
        '-1',
        '1.10',
        'NaN',
        true,
        null,
        '2020-01-31',
        '2020-01-31 10:00:00+00',
        '[1, NULL]',
        "{'a': b}",
        'x',
        1,
        2,
      ],
    ])
    expect(columns.slice(-2).map(({ name }) => name)).toEqual(['a', 'a'])
  })

  test('cuts long values before they leave DuckDB', async () => {
    const { rows } = await within((sandbox) => sandbox.query("SELECT lpad('x', 1000000, 'é') AS s", names, 1))
    expect(rows).toEqual([[`${'é'.repeat(200)}…`]])
  })

  test('that is refused or wrong says what and where', async () => {
    await within(async (sandbox) => {
      const told = async (sql: string): Promise<unknown> =>
        await sandbox.query(sql, names, 1).catch((error: unknown) => error)
      expect(await told('SELECT\n  random()')).toMatchObject({
        code: 'INVALID',
        message: 'the function random may not be called (line 2, column 3)',
      })
      expect(await told('SELECT j FROM data')).toMatchObject({
        code: 'INVALID',
        message: 'Referenced column "j" not found in FROM clause! Candidate bindings: "i"',
      })
      expect(await told('SELECT s::INT FROM data')).toMatchObject({ code: 'INVALID' })
      expect(await told(`SELECT '${'x'.repeat(300_000)}'`)).toMatchObject({
        message: 'it is longer than 262144 characters',
      })
      expect(await told('SELECT 1\0, random()')).toMatchObject({ message: 'there is a NUL in it' })
      expect((await sandbox.query('SELECT 1 AS one', names, 1)).rows).toEqual([[1]]) // it goes on
    })
  })

  test('sees the parts of a table one after the other, in their order, each time', async () => {
    const parts = []
    for (const i of [2, 0, 1])
      parts.push(
        await writeParquet(
          join(host.folder, `p${String(i)}.parquet`),
          `SELECT range + ${String(i)}000 AS i FROM range(1000)`,
        ),
      )
    const order = 'SELECT i FROM data WHERE i % 500 = 0'
    for (let times = 0; times < 2; times++) {
      const sandbox = await openSandbox(host)
      await sandbox.load([{ name: 'data', parts }])
      expect((await sandbox.query(order, names, 10)).rows.flat()).toEqual([2000, 2500, 0, 500, 1000, 1500])
      await sandbox.close()
    }
  })

  test('leaves the files of the tables as they are, and nothing beside them', async () => {
    const before = [sum(file), readdirSync(host.folder).length]
    await within((sandbox) => sandbox.query('SELECT count(*) FROM data', names, 1))
    expect([sum(file), readdirSync(host.folder).length]).toEqual(before)
    expect(leftovers()).toEqual([])
  })
})

describe('a table', () => {
  const load = async (part: string): Promise<unknown> => {
    const sandbox = await openSandbox(host)
    try {
      return await sandbox.load([{ name: 'data', parts: [part] }]).catch((error: unknown) => error)
    } finally {
      await sandbox.close()
    }
  }

  test('that is not there or is no Parquet is told of', async () => {
    const bad = join(host.folder, 'bad.parquet')
    writeFileSync(bad, 'PAR1, but not really. PAR1')
    expect(await load(bad)).toMatchObject({ code: 'INVALID' })
    expect(await load(join(host.folder, 'none.parquet'))).toMatchObject({ code: 'NOT_FOUND' })
    expect(leftovers()).toEqual([])
  })

  test('may lie where quotes and spaces are', async () => {
    const odd = await writeParquet(
      join(host.folder, "it's ;-- a.parquet").replaceAll("'", "''"),
      'SELECT 7 AS i',
    )
    expect(await load(odd.replaceAll("''", "'"))).toEqual([[{ name: 'i', type: 'INTEGER' }]])
  })
})

describe('a query that wants too much', () => {
  const endless = 'SELECT sum(a.i * b.i * c.i * d.i) FROM data a, data b, data c, data d'

  test('of time is stopped, with its process', async () => {
    await within(
      async (sandbox) => {
        const before = performance.now()
        await expect(sandbox.query(endless, names, 1)).rejects.toMatchObject({
          code: 'INVALID',
          message: 'it was stopped after 1.5 s',
        })
        expect(performance.now() - before).toBeLessThan(5000)
        expect(sandbox.ended).toBe('time')
        await expect(sandbox.query('SELECT 1', names, 1)).rejects.toMatchObject({ code: 'INVALID' })
      },
      { milliseconds: 1500 },
    )
    expect(leftovers()).toEqual([])
  })

  test("of DuckDB's memory fails, and the next one is answered", async () => {
    const heavy = 'SELECT count(DISTINCT a.s || b.s || c.i % 10) FROM data a, data b, data c WHERE c.i < 10'
    await within(
      async (sandbox) => {
        await expect(sandbox.query(heavy, names, 1)).rejects.toMatchObject({
          code: 'INVALID',
          message: 'it needs more memory, or room on the disk, than it may',
        })
        expect((await sandbox.query('SELECT 1 AS one', names, 1)).rows).toEqual([[1]])
      },
      { memoryBytes: 32 * 1024 * 1024, spillBytes: 1024 * 1024 },
    )
  })

  test('of memory that DuckDB does not count ends with the process', async () => {
    const before = performance.now()
    await within(
      async (sandbox) => {
        const error: unknown = await sandbox
          .query("SELECT length(lpad(s, 2000000000, 'y')) FROM data", names, 1)
          .catch((error: unknown) => error)
        expect(error).toMatchObject({
          code: 'INVALID',
          message: expect.stringMatching(/more memory/) as string,
        })
      },
      { residentBytes: 300 * 1024 * 1024 },
    )
    expect(performance.now() - before).toBeLessThan(10_000)
  })

  test('to stop is stopped within a second', async () => {
    await within(async (sandbox) => {
      const reason = new Error('the user pressed Ctrl-C')
      const controller = new AbortController()
      setTimeout(() => controller.abort(reason), 200)
      const before = performance.now()
      await expect(sandbox.query(endless, names, 1, { signal: controller.signal })).rejects.toBe(reason)
      expect(performance.now() - before).toBeLessThan(1500)
      expect(sandbox.ended).toBe('closed')
    })
    expect(leftovers()).toEqual([])
  })

  test('is not started when its caller has stopped already', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(openSandbox(host, defaultLimits, { signal })).rejects.toThrow('enough')
    expect(leftovers()).toEqual([])
  })
})

describe('where no process can be started', () => {
  test('says so, and leaves nothing', async () => {
    const without = { ...host, execPath: join(host.folder, 'no-such-node') }
    await expect(openSandbox(without)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(openSandbox({ ...host, folder: file })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(leftovers()).toEqual([])
    expect(existsSync(file)).toBe(true)
  })
})
