// A table as Parquet files partitioned by the values of columns, in Hive's layout: `year=2024/part-00000.parquet`.
import { readdirSync } from 'node:fs'
import { closest } from '../core/base/closest.ts'
import { QuiltError } from '../core/base/error.ts'
import { nameProblem } from '../core/model/entry.ts'
import type { Column } from '../plugins/api.ts'
import { identifier, literal, type TableConnection } from './engine.ts'

/** More partitions than that are a mistake: each is a file at least, and readers list them all. */
const mostPartitions = 10_000
/** How Hive, and all who read its layout, call the partition of what has no value, or an empty text. */
const noValue = '__HIVE_DEFAULT_PARTITION__'
/** What Hive escapes in the names of partitions (`FileUtils.escapePathName`), and NUL. */
const escaped = /[\u0000-\u001f"#%'*/:=?\\\u007f{[\]^]/g
/** Types whose values have no text of their own. */
const manyValued = /^(list|fixed_size_list|struct|map|union|binary)\b/

/** A table that is to be partitioned. */
export interface PartitionedTable {
  /** As errors call it. */
  readonly path: string
  readonly columns: readonly Column[]
}

/** A file of a partitioned table: its path among the others, and where it lies. */
export interface PartitionFile {
  readonly path: string
  readonly file: string
}

/** The name of a part among so many, such that names sort as parts do: `part-00000.parquet`. */
export function partName(number: number, count: number): string {
  return `part-${String(number).padStart(Math.max(5, String(count - 1).length), '0')}.parquet`
}

/** `text` as Hive writes it in the name of a folder. */
function hiveEscape(text: string): string {
  return text.replace(escaped, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

/**
 * Refuses columns that a table cannot be partitioned by.
 * @throws INVALID, with the nearest name for a column that there is not
 */
export function checkPartition({ path, columns }: PartitionedTable, by: readonly string[]): void {
  const types = new Map(columns.map(({ name, type }) => [name, type]))
  for (const [i, name] of by.entries()) {
    const shown = JSON.stringify(name.slice(0, 200))
    const type = types.get(name)
    if (type === undefined) {
      const near = closest(name, types.keys())
      const some = [...types.keys()].slice(0, 20).join(', ')
      throw new QuiltError('INVALID', `"${path}" has no column ${shown} to partition by`, {
        hint: near === undefined ? `there are ${some}` : `did you mean ${near}?`,
      })
    }
    if (by.indexOf(name) !== i)
      throw new QuiltError('INVALID', `the column ${shown} to partition by is named twice`)
    if (manyValued.test(type))
      throw new QuiltError('INVALID', `"${path}" cannot be partitioned by ${shown}: it is a ${type}`, {
        hint: 'partition by columns of texts, numbers, dates or times',
      })
  }
  if (by.length < types.size) return
  throw new QuiltError(
    'INVALID',
    `all columns of "${path}" are to partition it: none would be in its files`,
    {
      hint: 'leave one out',
    },
  )
}

/**
 * Writes a table's rows into `folder`, which is not there yet and which the connection may write to. They are sorted on
 * the disk, so that memory does not grow with the table, each partition is one file where the engine has one thread, and
 * rows stay near those that were near them.
 * @throws INVALID where there are too many partitions, or a value is no folder's name
 */
export async function writePartitions(
  connection: TableConnection,
  { path, columns }: PartitionedTable,
  { by, from, folder }: { readonly by: readonly string[]; readonly from: string; readonly folder: string },
): Promise<readonly PartitionFile[]> {
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()))
  const [number, row] = ['partition', 'row'].map((name) => identifier(freeName(name, taken))) as [
    string,
    string,
  ]
  const texts = by.map((name) => `nullif(t.${identifier(name)}::VARCHAR, '')`)
  const values = texts.map((text, i) => `${text} AS v${String(i)}`).join(', ')
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE partitions AS SELECT row_number() OVER () - 1 AS number, * FROM
      (SELECT DISTINCT ${values} FROM ${from} t ORDER BY ALL LIMIT ${String(mostPartitions + 1)})`,
  )
  const found = await connection.rows('SELECT * EXCLUDE (number) FROM partitions ORDER BY number')
  if (found.length > mostPartitions) throw tooMany(path, by)
  const folders = found.map((one) => folderOf(path, by, Object.values(one)))
  const same = texts.map((text, i) => `${text} IS NOT DISTINCT FROM p.v${String(i)}`).join(' AND ')
  await connection.run(
    `COPY (SELECT t.* EXCLUDE (${[...by.map(identifier), row].join(', ')}), p.number AS ${number}
      FROM (SELECT *, row_number() OVER () AS ${row} FROM ${from}) t JOIN partitions p ON ${same}
      ORDER BY p.number, t.${row})
    TO ${literal(folder)} (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (${number}))`,
  )
  await connection.run('DROP TABLE partitions')
  return folders.length === 0 ? [] : filesIn(folder, folders)
}

/** A name that no column has, whatever its case. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let i = 0, free = name; ; free = `${name}${String(++i)}`) if (!taken.has(free)) return free
}

function tooMany(path: string, by: readonly string[]): QuiltError {
  const most = mostPartitions.toLocaleString('en-US')
  return new QuiltError('INVALID', `"${path}" has more than ${most} partitions by ${by.join(', ')}`, {
    hint: 'partition by columns with fewer values',
  })
}

/** The folders of a partition: `year=2024/place=a%2Fb`. */
function folderOf(path: string, by: readonly string[], values: readonly unknown[]): string {
  const names = by.map((name, i) => {
    const value = values[i]
    return `${hiveEscape(name)}=${typeof value === 'string' ? hiveEscape(value) : noValue}`
  })
  const bad = names.find((name) => nameProblem(name) !== undefined)
  if (bad === undefined) return names.join('/')
  const what = `no partition of "${path}" can be called ${JSON.stringify(bad.slice(0, 80))}…`
  throw new QuiltError('INVALID', `${what}: ${String(nameProblem(bad))}`, {
    hint: 'partition by columns of short values',
  })
}

/** What the engine wrote: folders that end in the numbers of partitions, each with some files. */
function filesIn(folder: string, partitions: readonly string[]): readonly PartitionFile[] {
  const numberOf = (name: string): number => Number(/=(\d+)$/.exec(name)?.[1])
  return readdirSync(folder)
    .sort((a, b) => numberOf(a) - numberOf(b))
    .flatMap((name) => {
      const files = readdirSync(`${folder}/${name}`).sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
      return files.map((file, i) => ({
        path: `${partitions[numberOf(name)] as string}/${partName(i, files.length)}`,
        file: `${folder}/${name}/${file}`,
      }))
    })
}
