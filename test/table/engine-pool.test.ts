// Engines that are kept for the next query: the same one for the same files, nothing left in it, and none too many.
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { engineInstance, literal, openEngine } from '../../src/table/engine.ts'
import { enginePool, type EnginePool } from '../../src/table/engine-pool.ts'
import { nameTables } from '../../src/table/query.ts'
import { tempDir } from '../support/temp-dir.ts'

interface Counted {
  readonly pool: EnginePool
  readonly counts: { opened: number; closed: number }
  readonly files: readonly string[]
  write(path: string, sql: string): Promise<void>
  /** What a query gives of one of the files, which it calls t. */
  ask(file: string, sql: string): Promise<unknown>
}

/** A pool whose real instances are counted, and three files. */
async function counted(): Promise<Counted> {
  const folder = tempDir()
  const maker = openEngine({ folder })
  const counts = { opened: 0, closed: 0 }
  const pool = enginePool({ folder }, (options) => {
    const instance = engineInstance(options)
    counts.opened++
    return {
      ...instance,
      close: async () => {
        counts.closed++
        await instance.close()
      },
    }
  })
  onTestFinished(async () => {
    await maker.close()
    await pool.close()
  })
  const write = (path: string, sql: string): Promise<void> =>
    maker.with((connection) => connection.run(`COPY (${sql}) TO ${literal(path)} (FORMAT parquet)`))
  const files = ['a', 'b', 'c'].map((name) => join(folder, `${name}.parquet`))
  for (const [i, file] of files.entries()) await write(file, `SELECT ${String(i)} AS n FROM range(10000)`)
  const ask = async (file: string, sql: string): Promise<unknown> => {
    const engine = pool.engineFor([file])
    try {
      const connection = await engine.connect()
      await nameTables(connection, [{ name: 't', files: [file] }])
      return await connection.rows(sql)
    } finally {
      await engine.close()
    }
  }
  return { pool, counts, files, write, ask }
}

test('the same files are asked again by the same engine, in which nothing is left', async () => {
  const { pool, counts, files, write, ask } = await counted()
  const [a, b] = files as [string, string]
  for (let i = 0; i < 5; i++) expect(await ask(a, 'SELECT max(n) AS n FROM t')).toEqual([{ n: 0 }])
  expect(counts).toEqual({ opened: 1, closed: 0 })

  const engine = pool.engineFor([a])
  await expect(engine.with((connection) => connection.rows('SELECT * FROM t'))).rejects.toThrow(
    /t does not exist/,
  )
  await engine.close()
  expect(counts).toEqual({ opened: 1, closed: 1 }) // what failed is not kept
  await engine.close()
  expect(counts.closed).toBe(1)

  await expect(ask(a, `SELECT * FROM read_parquet(${literal(b)})`)).rejects.toThrow(/not allowed|Permission/i)
  await write(`${a}.new`, 'SELECT 7 AS n')
  expect(await ask(a, 'SELECT max(n) AS n FROM t')).toEqual([{ n: 0 }])
  renameSync(`${a}.new`, a)
  expect(await ask(a, 'SELECT max(n) AS n FROM t')).toEqual([{ n: 7 }])
})

test('two are kept at most, each used by one at a time, and none after the pool was closed', async () => {
  const { pool, counts, files, ask } = await counted()
  const [a, b, c] = files as [string, string, string]
  for (const file of [a, b, a, b]) await ask(file, 'SELECT count(*) FROM t')
  expect(counts).toEqual({ opened: 2, closed: 0 })
  await ask(c, 'SELECT count(*) FROM t')
  expect(counts).toEqual({ opened: 3, closed: 1 })

  const [first, second] = [pool.engineFor([c]), pool.engineFor([c])]
  await Promise.all([first.connect(), second.connect()])
  expect(counts.opened).toBe(4)
  await pool.close()
  await Promise.all([first.close(), second.close()])
  expect(counts).toEqual({ opened: 4, closed: 4 })
})

test('an engine is not kept whose result was left before its end', async () => {
  const { pool, counts, files } = await counted()
  const [a] = files as [string]
  for (const [isAll, closed] of [
    [true, 0],
    [false, 1],
  ] as const) {
    const engine = pool.engineFor([a])
    const connection = await engine.connect()
    const { batches } = await connection.stream(`SELECT * FROM read_parquet(${literal(a)})`)
    let rows = 0
    for await (const [cells = []] of batches()) {
      rows += cells.length
      if (!isAll) break
    }
    await engine.close()
    expect(rows).toBeGreaterThan(0)
    expect(counts).toEqual({ opened: 1, closed })
  }
})
