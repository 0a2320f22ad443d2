// Rows that a parser gives into a table's view: as lines of JSON on disk, then as any text.
import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { checkSignal, type Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import type { Batch, TableSource } from '../plugins/api.ts'
import { duckType, parseType } from './arrow-types.ts'
import type { MadeTable, TextJob } from './delimited/make-delimited.ts'
import { makeLines } from './make-json.ts'
import type { TextSource } from './text-source.ts'

type Rows = Extract<TableSource, { readonly kind: 'rows' }>

/** The table of rows that a parser gives. */
export async function makeRows(
  job: Omit<TextJob, 'text'>,
  { columns, batches }: Rows,
  ctx?: Context,
): Promise<MadeTable> {
  const path = job.newPath()
  const names = columns.map(({ name }) => JSON.stringify(name))
  const handle = openSync(path, 'w+', 0o600)
  try {
    for await (const batch of batches()) {
      checkSignal(ctx)
      const bytes = Buffer.from(linesOf(batch, names))
      for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at)
    }
    const { size } = statSync(path)
    const text: TextSource = {
      size,
      isPlain: false,
      slice: (start, end) => {
        const bytes = new Uint8Array(end - start)
        readSync(handle, bytes, 0, bytes.length, start)
        return Promise.resolve(bytes)
      },
      close: () => undefined,
    }
    const found = columns.map(({ name, type }) => ({ name, duck: duckType(parseType(type)) }))
    return await makeLines({ ...job, text }, found, undefined, ctx)
  } finally {
    closeSync(handle)
  }
}

function linesOf({ length, columns }: Batch, names: readonly string[]): string {
  let lines = ''
  for (let row = 0; row < length; row++) {
    const cells = names.map((name, i) => `${name}:${jsonOf(columns[i]?.[row])}`)
    lines += `{${cells.join(',')}}\n`
  }
  return lines
}

/** A value as JSON says it, whole numbers to the last digit. */
function jsonOf(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Date) return JSON.stringify(value.toISOString().replace('Z', ''))
  if (typeof value === 'number' && !Number.isFinite(value)) return JSON.stringify(String(value))
  const text = JSON.stringify(value) as string | undefined
  if (text !== undefined) return text
  throw new QuiltError('INVALID', `a parser gave a ${typeof value} for a cell`)
}
