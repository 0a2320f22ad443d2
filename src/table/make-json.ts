// JSON into a table's view: an array's elements become lines first, and lines are cut into parts as other text is.
import { openSync, closeSync, writeSync } from 'node:fs'
import { checkSignal, type Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import type { ByteSource } from '../core/base/source.ts'
import type { Column, JsonText } from '../plugins/api.ts'
import { arrowType } from './arrow-types.ts'
import type { MadeTable, TextJob } from './delimited/make-delimited.ts'
import { parquetOptions } from './delimited/make-part.ts'
import { longestRow } from './delimited/part-file.ts'
import type { RowStyle } from './delimited/row-splitter.ts'
import { identifier, literal, type TableConnection } from './engine.ts'
import { makeParts, type PartMaker } from './parts.ts'
import { blocksOf, type TextSource } from './text-source.ts'

/** In JSON a line feed is never part of a value. */
const lineStyle: RowStyle = { separator: -1, quote: -1, escape: -1, comment: -1, newline: 10 }

/** A column as the engine found it. */
interface FoundColumn {
  readonly name: string
  readonly duck: string
}

/**
 * The table that a JSON text holds.
 * @throws INVALID for what is neither an array of objects nor one on each line
 */
export async function makeJson(job: TextJob, relation: JsonText, ctx?: Context): Promise<MadeTable> {
  const lines = await asLines(job, relation, ctx)
  try {
    const path = lines.isPlain ? await copyText(lines, job.newPath(), ctx) : lines.path
    const found = await job.engine.with((connection) => findColumns(connection, path, relation), ctx)
    return await makeLines({ ...job, text: lines }, found, relation.mostRows, ctx)
  } finally {
    lines.close()
  }
}

interface Lines extends TextSource {
  readonly path: string
}

async function asLines(
  { text, newPath, engine }: TextJob,
  { layout }: JsonText,
  ctx?: Context,
): Promise<Lines> {
  if (layout === 'lines') return { ...text, path: '' }
  const [from, to] = [await copyText(text, newPath(), ctx), newPath()]
  await engine.with(
    (connection) =>
      connection.run(
        `COPY (SELECT translate(json::VARCHAR, chr(10) || chr(13), '  ') FROM read_json_objects(${literal(from)}, format = 'array', maximum_object_size = ${String(longestRow)}))
       TO ${literal(to)} (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER E'\\x01')`,
      ),
    ctx,
  )
  return { ...(await fileText(to)), path: to }
}

async function fileText(path: string): Promise<TextSource> {
  const { statSync, readSync } = await import('node:fs')
  const handle = openSync(path, 'r')
  return {
    size: statSync(path).size,
    isPlain: false,
    slice: (start, end) => {
      const bytes = new Uint8Array(end - start)
      readSync(handle, bytes, 0, bytes.length, start)
      return Promise.resolve(bytes)
    },
    close: () => {
      closeSync(handle)
    },
  }
}

/** A text on disk, for the engine. */
async function copyText(text: ByteSource, path: string, ctx?: Context): Promise<string> {
  const handle = openSync(path, 'w', 0o600)
  try {
    for await (const block of blocksOf(text, ctx)) {
      checkSignal(ctx)
      for (let at = 0; at < block.length;) at += writeSync(handle, block, at)
    }
  } finally {
    closeSync(handle)
  }
  return path
}

/** The types of the whole file: rows are never sampled. */
async function findColumns(
  connection: TableConnection,
  path: string,
  relation: JsonText,
): Promise<readonly FoundColumn[]> {
  const options = `format = 'newline_delimited', sample_size = -1, map_inference_threshold = -1, maximum_object_size = ${String(longestRow)}`
  const rows = await connection
    .rows(`DESCRIBE SELECT * FROM read_json(${literal(path)}, ${options})`)
    .catch((error: unknown) => {
      throw badJson(error, path, relation.layout === 'array')
    })
  const found = rows.map((row) => ({ name: String(row['column_name']), duck: String(row['column_type']) }))
  return narrowIntegers(connection, `read_json(${literal(path)}, ${options})`, found)
}

/** The engine takes wide integers where signs differ: they are int64 where all fit, else decimals, which Parquet knows. */
async function narrowIntegers(
  connection: TableConnection,
  from: string,
  found: readonly FoundColumn[],
): Promise<readonly FoundColumn[]> {
  const wide = found.filter(({ duck }) => duck === 'HUGEINT' || duck === 'UBIGINT')
  const fits = wide.map(
    ({ name }, i) =>
      `bool_and(${identifier(name)} BETWEEN -9223372036854775808 AND 9223372036854775807) AS f${String(i)}`,
  )
  const [row] = wide.length === 0 ? [] : await connection.rows(`SELECT ${fits.join(', ')} FROM ${from}`)
  return found.map((column) => {
    const at = wide.indexOf(column)
    const duck = column.duck.replaceAll('HUGEINT', 'DECIMAL(38,0)')
    return at >= 0 && row?.[`f${String(at)}`] === true ? { ...column, duck: 'BIGINT' } : { ...column, duck }
  })
}

function badJson(error: unknown, path: string, isArray: boolean): unknown {
  if (!(error instanceof QuiltError) || error.code !== 'INVALID') return error
  const message = error.message.replaceAll(path, 'the file').replace(/ in file "[^"]*"/, '')
  const line = /line (\d+)/.exec(message)?.[1]
  const where = line === undefined ? '' : `${isArray ? 'element' : 'line'} ${line}: `
  return new QuiltError('INVALID', `${where}${message.replace(/^Invalid Input Error: /, '')}`, {
    hint: 'a table is an array of objects, or one object on each line',
    cause: error,
  })
}

/** JSON lines whose columns are known into parts. */
export async function makeLines(
  job: TextJob,
  found: readonly FoundColumn[],
  mostRows: number | undefined,
  ctx?: Context,
): Promise<MadeTable> {
  const columns = found.map(({ name, duck }): Column => ({ name, type: arrowType(duck), nullable: true }))
  const maker = lineMaker(job, found, { columns, mostRows }, ctx)
  const made = await makeParts(
    { ...job, start: 0, lines: 0, style: lineStyle, maker, width: mostRows === undefined ? 2 : 1 },
    ctx,
  )
  const rows = made.parts.reduce((sum, part) => sum + part.rows, 0)
  return { view: { columns, rows, parts: made.parts, head: 0 }, bad: made.bad, made: made.made }
}

function lineMaker(
  { engine }: TextJob,
  found: readonly FoundColumn[],
  { columns, mostRows }: { readonly columns: readonly Column[]; readonly mostRows: number | undefined },
  ctx?: Context,
): PartMaker {
  const declared = found.map(({ name, duck }) => `${identifier(name)}: ${literal(duck)}`).join(', ')
  let left = mostRows ?? Infinity
  return {
    get isDone() {
      return left <= 0
    },
    note: () => undefined,
    fits: () => true,
    fitsOld: (old) => JSON.stringify(old.columns) === JSON.stringify(columns),
    make: (file, to) =>
      engine.with(async (connection) => {
        const from = `read_json(${literal(file.path)}, format = 'newline_delimited', columns = {${declared}}, maximum_object_size = ${String(longestRow)})`
        const limit = left === Infinity ? '' : ` LIMIT ${String(left)}`
        await connection.run(`COPY (SELECT * FROM ${from}${limit}) TO ${literal(to)} (${parquetOptions})`)
        const [count] = await connection.rows(
          `SELECT num_rows AS n FROM parquet_file_metadata(${literal(to)})`,
        )
        const rows = Number(count?.['n'])
        left -= rows
        return { rows, types: '', written: '', bad: 0 }
      }, ctx),
  }
}
