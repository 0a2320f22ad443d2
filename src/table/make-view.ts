// What a file holds, by the parser's word, into a view: tables as Parquet, or what is known of other media.
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import type { Context } from '../core/base/context.ts'
import { isQuiltError, QuiltError } from '../core/base/error.ts'
import type { ByteSource } from '../core/base/source.ts'
import type { Column, Parsed, Parser, Relation, SourceFile, TableSource } from '../plugins/api.ts'
import { arrowType } from './arrow-types.ts'
import { makeDelimited, type MadeTable } from './delimited/make-delimited.ts'
import { literal, type TableEngine } from './engine.ts'
import { makeJson } from './make-json.ts'
import { makeRows } from './make-rows.ts'
import type { PartsJob } from './parts.ts'
import { openText } from './text-source.ts'
import { onlyTable, type FileView } from './view/store-view.ts'
import type { OldTable } from './view/table-view.ts'

/** What making a view needs. */
export interface ViewJob extends Pick<PartsJob, 'newPath' | 'keep'> {
  readonly engine: TableEngine
  readonly wideEngine: () => TableEngine
  readonly source: SourceFile
  readonly parser: Parser
  /** As the parser's `options` gave them. */
  readonly options: unknown
  /** The view of an earlier state of the file, read in the same way. */
  readonly old?: {
    readonly view: FileView
    readonly moved?: NonNullable<OldTable['moved']>
  }
}

/** A view, and what is to be said of it. */
export interface MadeView {
  readonly view: FileView
  /** Rows that could not be read, and were left out or kept as text. */
  readonly bad: number
  /** Parts that were made, and not taken over. */
  readonly made: number
}

/**
 * Makes the view of a file.
 * @throws INVALID for what is not of the parser's format, with line and column where there are any
 */
export async function makeView(job: ViewJob, ctx?: Context): Promise<MadeView> {
  const parsed: Parsed = await job.parser.read(job.source, job.options, ctx)
  if (parsed.kind === 'media') {
    return { view: { kind: 'media', mime: parsed.mime, info: parsed.info }, bad: 0, made: 0 }
  }
  if (parsed.kind !== 'tables') {
    const { view, bad, made } = await makeTable(job, onlyTable, parsed, ctx)
    return { view: { kind: 'table', tables: new Map([[onlyTable, view]]) }, bad, made }
  }
  const tables = new Map<string, MadeTable['view']>()
  const counts = { bad: 0, made: 0 }
  for await (const { name, table } of parsed.tables()) {
    const one = await makeTable(job, name, table, ctx)
    tables.set(name, one.view)
    counts.bad += one.bad
    counts.made += one.made
  }
  if (tables.size === 0) throw new QuiltError('INVALID', 'the file holds no table')
  return { view: { kind: 'tables', tables }, ...counts }
}

async function makeTable(job: ViewJob, name: string, table: TableSource, ctx?: Context): Promise<MadeTable> {
  if (table.kind === 'rows') return makeRows({ ...job, old: oldTable(job, name) }, table, ctx)
  return makeRelation(job, name, table.relation, ctx)
}

function oldTable({ old }: ViewJob, name: string): OldTable | undefined {
  const view = old === undefined || old.view.kind === 'media' ? undefined : old.view.tables.get(name)
  return view === undefined ? undefined : { view }
}

async function makeRelation(
  job: ViewJob,
  name: string,
  relation: Relation,
  ctx?: Context,
): Promise<MadeTable> {
  if (relation.format === 'parquet') return describeParquet(job, ctx)
  const { encoding } = relation
  const text = await openText(job.source, { encoding, path: job.newPath() }, ctx)
  try {
    const old = oldTable(job, name)
    const moved = text.isPlain && relation.format === 'delimited' ? job.old?.moved : undefined
    const known = old === undefined || moved === undefined ? old : { ...old, moved }
    const all = { ...job, text, old: known }
    return relation.format === 'json'
      ? await makeJson(all, relation, ctx)
      : await makeDelimited(all, relation, ctx)
  } finally {
    text.close()
  }
}

/** Largest footer of a Parquet file that is read. */
const footerBytes = 64 * 1024 * 1024

/** A Parquet file is its own view: only its footer is read, from a file that is empty but for it. */
async function describeParquet({ engine, source, newPath }: ViewJob, ctx?: Context): Promise<MadeTable> {
  const path = newPath()
  await writeFooter(source, path, ctx)
  const { columns, rows } = await engine
    .with(async (connection) => {
      const described = await connection.rows(`DESCRIBE SELECT * FROM read_parquet(${literal(path)})`)
      const [count] = await connection.rows(
        `SELECT num_rows AS n FROM parquet_file_metadata(${literal(path)})`,
      )
      return {
        columns: described.map((row): Column => ({
          name: String(row['column_name']),
          type: arrowType(String(row['column_type'])),
          nullable: true,
        })),
        rows: Number(count?.['n']),
      }
    }, ctx)
    .catch((error: unknown) => {
      // Nothing lies where a damaged footer points to.
      if (!isQuiltError(error, 'UNAVAILABLE') || !error.message.startsWith('IO Error')) throw error
      throw new QuiltError('INVALID', 'the footer of the Parquet file is damaged', { cause: error })
    })
  return { view: { columns, rows, parts: undefined }, bad: 0, made: 0 }
}

async function writeFooter(source: ByteSource, path: string, ctx?: Context): Promise<void> {
  const tail = source.size < 12 ? new Uint8Array(8) : await source.slice(source.size - 8, source.size, ctx)
  const magic = new TextDecoder('latin1').decode(tail.subarray(4))
  if (magic === 'PARE') throw new QuiltError('UNSUPPORTED', 'the Parquet file is encrypted')
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true)
  if (magic !== 'PAR1' || length + 12 > source.size)
    throw new QuiltError('INVALID', 'the file is no Parquet, or a truncated one')
  if (length > footerBytes) throw new QuiltError('INVALID', 'the footer of the Parquet file is too large')
  const start = source.size - 8 - length
  const handle = openSync(path, 'w', 0o600)
  try {
    ftruncateSync(handle, source.size)
    writeSync(handle, await source.slice(0, 4, ctx), 0, 4, 0)
    writeSync(handle, await source.slice(start, source.size, ctx), 0, length + 8, start)
  } finally {
    closeSync(handle)
  }
}
