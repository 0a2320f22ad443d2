// What is set in a tree, as the file that it will be: bytes as they are, rows and Arrow as Parquet.
import { utf8 } from '../../core/base/bytes.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { Reading } from '../../core/model/entry.ts'
import type { ArrowBytes } from '../../table/read/from-arrow.ts'
import { writeRows } from '../../table/read/write-rows.ts'
import type { TableRow } from '../../table/read/read-rows.ts'
import { onPath } from '../../worktree/file-error.ts'
import { parserFor } from '../tables/readings.ts'
import type { NewDraft } from './draft.ts'
import type { NodeValue, SetOptions } from './node-types.ts'
import type { Opened } from './opened.ts'

/** A value, and the name that it gets. */
export interface NamedValue {
  readonly name: string
  readonly value: NodeValue
  readonly options: SetOptions
}

/**
 * A value as a file to be; rows are written to disk now, so that they need not be held.
 * @throws INVALID for what is no value, or rows under the name of another format; NOT_FOUND for a path
 */
export async function draftOfValue(opened: Opened, named: NamedValue): Promise<NewDraft> {
  const { value } = named
  const plain = { kind: 'new', reading: undefined, meta: undefined } as const
  if (value instanceof Uint8Array) return { ...plain, content: { bytes: new Uint8Array(value) } }
  if (typeof value === 'string') return { ...plain, content: readablePath(opened, value) }
  if (typeof value !== 'object' || value === null) throw noValue()
  if ('text' in value && typeof value.text === 'string')
    return { ...plain, content: { bytes: utf8(value.text) } }
  if ('arrow' in value && isArrow(value.arrow)) return tableDraft(opened, named, { arrow: value.arrow })
  if (Symbol.iterator in value || Symbol.asyncIterator in value)
    return tableDraft(opened, named, { rows: value as Iterable<TableRow> | AsyncIterable<TableRow> })
  throw noValue()
}

function isArrow(value: unknown): value is ArrowBytes {
  return (
    value instanceof Uint8Array ||
    (typeof value === 'object' && value !== null && Symbol.asyncIterator in value)
  )
}

function noValue(): QuiltError {
  return new QuiltError('INVALID', 'this cannot be set', {
    hint: 'give bytes, the path of a file, { text }, rows, or { arrow }: an Arrow IPC stream',
  })
}

function readablePath(
  { session }: Opened,
  path: string,
): { readonly path: string; readonly executable: boolean } {
  const full = session.resolvePath(path)
  const stats = onPath('read', full, () => session.fs.statSync(full))
  if (stats.isFile()) return { path: full, executable: (stats.mode & 0o100) !== 0 }
  throw new QuiltError('INVALID', `"${path}" is no file`, { hint: 'set its files one by one, or build it' })
}

async function tableDraft(
  { session, ctx }: Opened,
  { name, options }: NamedValue,
  source: { readonly rows: Iterable<TableRow> | AsyncIterable<TableRow> } | { readonly arrow: ArrowBytes },
): Promise<NewDraft> {
  const parser = parserFor(session.tables.parsers, name)?.name
  if (parser !== undefined && parser !== 'parquet') {
    throw new QuiltError('INVALID', `rows are kept as Parquet, and "${name}" reads like ${parser}`, {
      hint: 'use a name that ends in .parquet, or in nothing that is known',
    })
  }
  const path = session.tables.newPath()
  const { newPath } = session.tables
  await writeRows(
    { engine: session.tables.engine(), newPath, path, types: options.types ?? {}, ...source },
    ctx,
  )
  const reading: Reading | undefined = parser === undefined ? { parser: 'parquet', options: {} } : undefined
  return { kind: 'new', content: { path, isTable: true }, reading, meta: undefined }
}
