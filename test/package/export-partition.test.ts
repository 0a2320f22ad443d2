// Tables as folders of Parquet: the parts of a view as they are, and partitions in Hive's layout. Read back by DuckDB.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, test } from 'vitest'
import { exportPackage, type ExportOptions, type ExportResult } from '../../src/package/export.ts'
import { openTables } from '../../src/package/tables/open-table.ts'
import { parseHandle } from '../../src/core/model/revision.ts'
import { tableDesk, type TableDesk } from '../support/table-session.ts'
import { workbook } from '../support/workbook.ts'

let duckdb: Awaited<ReturnType<DuckDBInstance['connect']>>
beforeAll(async () => {
  duckdb = await (await DuckDBInstance.create(':memory:')).connect()
})

async function rows(query: string): Promise<readonly Record<string, unknown>[]> {
  return (await duckdb.runAndReadAll(query)).getRowObjectsJson()
}

/** What DuckDB reads of a folder in Hive's layout, every value a text. */
const hive = (folder: string): string =>
  `read_parquet('${folder}/**/*.parquet', hive_partitioning = true, hive_types_autocast = false)`

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.parquet'))
    .sort()

const to = (desk: TableDesk, destination: string, options: ExportOptions, path = ''): Promise<ExportResult> =>
  exportPackage(desk.session, { handle: `ada/data${path}`, destination }, { format: 'parquet', ...options })

/** Rows of a CSV of about this many bytes. */
function manyRows(bytes: number): string {
  const lines = ['id,place,day\n']
  for (let i = 0, size = 0; size < bytes; i++) {
    const line = `${String(i)},p${String((i * 7919) % 13)},2024-01-${String((i % 28) + 1).padStart(2, '0')}\n`
    size += line.length
    lines.push(line)
  }
  return lines.join('')
}

describe('a table of several parts', () => {
  test('becomes a folder of them, the very files of the view, whose rows are in their order', async () => {
    const desk = await tableDesk()
    desk.write({ 'data/t.csv': manyRows(24 * 1024 * 1024), 'data/small.csv': 'a\n1\n', 'data/x.txt': 'x' })
    await desk.build()
    const done = await to(desk, 'out', {})
    const out = join(desk.root, 'out')
    const [table] = await openTables(desk.session, parseHandle('ada/data/t.csv'))
    const parts = table?.view.parts ?? []
    expect(parts.length).toBeGreaterThan(1)
    const names = parts.map((_, i) => `t.parquet/part-0000${String(i)}.parquet`)
    expect(filesIn(out)).toEqual(['small.parquet', 't.parquet', ...names].sort())
    expect(done.files).toBe(parts.length + 2)
    const files = (await table?.files()) ?? []
    for (const [i, file] of files.entries())
      expect(readFileSync(join(out, names[i] as string)).equals(readFileSync(file))).toBe(true)
    const [found] = await rows(
      `SELECT count(*) AS n, bool_and(id = row - 1) AS inOrder FROM
        (SELECT id, row_number() OVER () AS row FROM read_parquet('${out}/t.parquet/*.parquet'))`,
    )
    expect(found).toEqual({ n: String(table?.view.rows), inOrder: true })

    // Again, with --force, it replaces its own files and no others.
    await expect(to(desk, 'out', {})).rejects.toMatchObject({ code: 'CONFLICT' })
    await to(desk, 'out', { force: true })
    writeFileSync(join(out, 't.parquet', '_SUCCESS'), '') // as Spark leaves it
    await to(desk, 'out', { force: true })
    writeFileSync(join(out, 't.parquet', 'part-00099.parquet'), 'of an earlier state')
    await expect(to(desk, 'out', { force: true })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('"t.parquet/part-00099.parquet"') as string,
    })

    // Partitioned, out of all parts: one file for each value.
    await to(desk, 'by', { partitionBy: ['place'] }, '/t.csv')
    const by = join(desk.root, 'by')
    expect(filesIn(by)).toContain('t.parquet/place=p12/part-00000.parquet')
    expect(filesIn(by)).toHaveLength(1 + 13)
    const [all] = await rows(`SELECT count(*) AS n, sum(id) AS sum FROM ${hive(by)}`)
    const n = Number(table?.view.rows)
    expect(all).toEqual({ n: String(n), sum: String((n * (n - 1)) / 2) })
    const [one] = await rows(
      `SELECT count(*) AS n, min(place) AS place FROM
        read_parquet('${by}/t.parquet/place=p7/*.parquet', hive_partitioning = true)`,
    )
    expect(one).toEqual({ n: expect.stringMatching(/^\d{5,}$/) as string, place: 'p7' })
  }, 120_000)
})

describe('partitions', () => {
  test('are called as Hive calls them, and their columns lie in no file', async () => {
    const desk = await tableDesk()
    const places = ['a b', 'a/b=c', '50%', 'Zürich', '..', '{x}[y]', `it's "so"`, '*:?#^', '']
    const lines = places.map(
      (place, i) => `${String(i)},"${place.replaceAll('"', '""')}",${i < 4 ? '2024-01-01' : ''}`,
    )
    desk.write({ 'data/t.csv': `id,the place,day\n${lines.join('\n')}\n` })
    await desk.build()
    await to(desk, 'out', { partitionBy: ['the place', 'day'] })
    const out = join(desk.root, 'out', 't.parquet')
    expect(filesIn(out).map((path) => path.replace(/\/part-00000\.parquet$/, ''))).toEqual(
      [
        'the place=%2A%3A%3F%23%5E/day=__HIVE_DEFAULT_PARTITION__',
        'the place=../day=__HIVE_DEFAULT_PARTITION__',
        'the place=50%25/day=2024-01-01',
        'the place=Zürich/day=2024-01-01',
        'the place=__HIVE_DEFAULT_PARTITION__/day=__HIVE_DEFAULT_PARTITION__',
        'the place=a b/day=2024-01-01',
        'the place=a%2Fb%3Dc/day=2024-01-01',
        'the place=it%27s %22so%22/day=__HIVE_DEFAULT_PARTITION__',
        'the place=%7Bx}%5By%5D/day=__HIVE_DEFAULT_PARTITION__',
      ].sort(),
    )
    expect(await rows(`SELECT id, "the place" AS place, day FROM ${hive(out)} ORDER BY id`)).toEqual(
      places.map((place, i) => ({
        id: String(i),
        place: place === '' ? null : place,
        day: i < 4 ? '2024-01-01' : null,
      })),
    )
    const plain = `read_parquet('${out}/**/*.parquet', hive_partitioning = false)`
    expect((await rows(`DESCRIBE SELECT * FROM ${plain}`)).map((row) => row['column_name'])).toEqual(['id'])
  })

  test('are made of Parquet sources and of each table of a workbook, and stand alone in their folders', async () => {
    const desk = await tableDesk()
    desk.write({
      'data/book.xlsx': await workbook({
        one: [
          ['a', 'b'],
          [1, 'x'],
        ],
        two: [
          ['b', 'partition'],
          ['y', 2],
        ],
      }),
    })
    await rows(
      `COPY (SELECT i AS partition, 'b' || (i % 2) AS b FROM range(4) r(i)) TO '${desk.root}/data/p.pq' (FORMAT parquet)`,
    )
    await desk.build()
    await to(desk, 'out', { partitionBy: ['b'] })
    const out = join(desk.root, 'out')
    const names = ['book/one.parquet/b=x', 'book/two.parquet/b=y', 'p.parquet/b=b0', 'p.parquet/b=b1']
    const made = filesIn(out).filter((path) => path.includes('part-'))
    expect(made).toEqual(names.map((name) => `${name}/part-00000.parquet`))
    expect(await rows(`SELECT partition, b FROM ${hive(join(out, 'p.parquet'))} ORDER BY 1`)).toEqual(
      ['0', '1', '2', '3'].map((partition) => ({ partition, b: `b${String(Number(partition) % 2)}` })),
    )
    mkdirSync(join(out, 'p.parquet/b=b7'))
    writeFileSync(join(out, 'p.parquet/b=b7/part-00000.parquet'), 'of an earlier state')
    await expect(to(desk, 'out', { partitionBy: ['b'], force: true })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('b=b7') as string,
    })
    rmSync(join(out, 'p.parquet/b=b7'), { recursive: true })
    await to(desk, 'out', { partitionBy: ['b'], force: true })
    // Without partitions a Parquet source goes as it is.
    await to(desk, 'plain', {}, '/p.pq')
    const source = readFileSync(join(desk.root, 'data/p.pq'))
    expect(readFileSync(join(desk.root, 'plain/p.parquet')).equals(source)).toBe(true)
  })

  test('are refused before anything is written', async () => {
    const desk = await tableDesk()
    const values = Array.from({ length: 10_001 }, (_, i) => `{"year":${String(i)},"list":[1],"text":"t"}`)
    desk.write({ 'data/t.jsonl': `${values.join('\n')}\n`, 'data/long.csv': `a,b\n1,${'x'.repeat(300)}\n` })
    await desk.build()
    const refused = async (
      partitionBy: readonly string[],
      path = '/t.jsonl',
      more: ExportOptions = {},
    ): Promise<unknown> => {
      const error: unknown = await to(desk, 'out', { partitionBy, ...more }, path).catch(
        (thrown: unknown) => thrown,
      )
      expect(error).toMatchObject({ code: 'INVALID' })
      const { message, hint } = error as { message: string; hint?: string }
      return `${message} (${String(hint)})`
    }
    expect(await refused(['yeer'])).toBe(
      '"t.jsonl" has no column "yeer" to partition by (did you mean year?)',
    )
    expect(await refused(['q'])).toContain('there are year, list, text')
    expect(await refused(['text', 'text'])).toContain('named twice')
    expect(await refused(['list'])).toContain('it is a list<int64>')
    expect(await refused(['year', 'text', 'list'])).toContain('it is a list')
    expect(await refused(['a', 'b'], '/long.csv')).toContain('none would be in its files')
    expect(await refused(['b'], '/long.csv')).toContain('longer than 255 bytes')
    expect(await refused(['year'])).toContain('more than 10,000 partitions by year')
    expect(await refused(['text'], '/t.jsonl', { format: 'csv' })).toContain('--format parquet')
    expect(await refused([])).toContain('no column')
    expect(readdirSync(desk.root)).not.toContain('out')
    expect(filesIn(join(desk.root, 'ada-store'))).toEqual([])
  })
})
