// Rows that the engine could not read: an error with line and column, or, as the options say, left out or kept as text.
import { readFileSync } from 'node:fs'
import { QuiltError } from '../../core/base/error.ts'
import type { TableConnection } from '../engine.ts'
import { mendPart, rowAt, type Mending, type PartFile } from './part-file.ts'
import type { DelimitedPlan } from './plan.ts'
import { rowSplitter } from './row-splitter.ts'

/** A part that was read, and how to read it again. */
export interface ReadPart {
  readonly plan: DelimitedPlan
  readonly file: PartFile
  readonly linesBefore: () => Promise<number>
  readonly again: () => Promise<void>
}

interface Reject {
  /** Where its row begins in the part. */
  readonly at: number
  readonly column: number
  readonly kind: string
  readonly message: string
}

/**
 * Deals with the rows that were refused: how many they were.
 * @throws INVALID with line and column, unless the options say what to do
 */
export async function badRows(connection: TableConnection, part: ReadPart): Promise<number> {
  const rejects = await readRejects(connection)
  if (rejects.length === 0) return 0
  const { onBad } = part.plan.dialect
  if (onBad === 'error') throw await refusal(part, rejects[0] as Reject)
  const rows = [...new Set(rejects.map(({ at }) => at))]
  if (onBad === 'text') {
    mendPart(part.file, asText(part, rows))
    await part.again()
    const still = await readRejects(connection)
    if (still.length > 0) throw await refusal(part, still[0] as Reject)
  }
  return rows.length
}

async function readRejects(connection: TableConnection): Promise<readonly Reject[]> {
  const rows = await connection.rows(
    `SELECT line_byte_position AS at, column_idx AS col, error_type::VARCHAR AS kind, error_message AS message
     FROM reject_errors ORDER BY line_byte_position, column_idx`,
  )
  return rows.map((row) => ({
    at: Number(row['at']) - 1, // the engine counts from 1
    column: Number(row['col']),
    kind: String(row['kind']),
    message: String(row['message']),
  }))
}

async function refusal({ plan, file, linesBefore }: ReadPart, reject: Reject): Promise<QuiltError> {
  const line = (await linesBefore()) + rowAt(file, reject.at).line + 1
  const columns = plan.head.names.length
  // Of a short row the engine names the last cell that there is.
  const column = reject.kind === 'MISSING COLUMNS' ? reject.column + 1 : reject.column
  const where = `line ${String(line)}, column ${String(column)}`
  const count = /Found: (\d+)/.exec(reject.message)?.[1]
  const hint = 'say on_bad: skip to leave such rows out, or on_bad: text to keep them as text'
  switch (reject.kind) {
    case 'MISSING COLUMNS':
    case 'TOO MANY COLUMNS': {
      const cells = `${count ?? 'other than that many'} cells, and the file has ${String(columns)} columns`
      return new QuiltError('INVALID', `${where}: the row has ${cells}`, { hint })
    }
    case 'UNQUOTED VALUE':
      return new QuiltError('INVALID', `${where}: a quote is never closed, or text follows a closing one`, {
        hint,
      })
    case 'INVALID ENCODING':
      return new QuiltError('INVALID', `${where}: the text is no UTF-8`, {
        hint: 'say its encoding, such as encoding: latin1',
      })
    default:
      return new QuiltError('INVALID', `${where}: ${reject.message.split('\n')[0] as string}`, { hint })
  }
}

/** Each row's own text in the first column, the others empty. */
function asText({ plan, file }: ReadPart, rows: readonly number[]): readonly Mending[] {
  const { style, names } = plan.head
  const bytes = readFileSync(file.path)
  const splitter = rowSplitter(style, { least: 1, more: 1, most: 1 })
  const quote = plan.dialect.quote ?? ''
  return rows.map((start) => {
    splitter.restart()
    const length = splitter.find(bytes.subarray(start))
    const end = length < 0 ? bytes.length : start + length
    const text = readable(bytes.subarray(start, end)).replace(/[\r\n]+$/, '')
    const escaped = quote === '' ? text : text.replaceAll(quote, (plan.dialect.escape ?? quote) + quote)
    const rest = plan.dialect.separator.repeat(names.length - 1)
    return { start, end, by: Buffer.from(`${quote}${escaped}${quote}${rest}\n`) }
  })
}

/** A text whose bytes are no UTF-8 with these bytes spelt out: nothing is replaced by a mark that says nothing. */
function readable(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return Buffer.from(bytes)
      .toString('latin1')
      .replace(/[\u0080-\u00ff]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`)
  }
}
