// A part of a table, for the store to read: cut where its columns begin, so that one is read without the others.
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import type { Context } from '../core/base/context.ts'
import type { ByteReader } from '../core/base/source.ts'
import { chunkThreshold } from '../core/chunk/fastcdc.ts'
import type { TableEngine } from './engine.ts'
import { passingFile } from './file-reader.ts'
import { columnRanges } from './read/column-ranges.ts'

/** Reads a Parquet file once; closing removes it. */
export async function partReader(engine: TableEngine, path: string, ctx?: Context): Promise<ByteReader> {
  const { size } = statSync(path)
  if (size <= chunkThreshold) return passingFile(path) // it is kept in one piece
  const ranges = await engine.with((connection) => columnRanges(connection, path), ctx)
  const edges = new Set(ranges.flatMap(({ start, end }) => [start, end]))
  edges.add(footStart(path, size))
  return { ...passingFile(path), edges: [...edges].sort((a, b) => a - b) }
}

/** Where the foot begins: its length stands before the last four bytes. */
function footStart(path: string, size: number): number {
  const tail = new Uint8Array(8)
  const handle = openSync(path, 'r')
  try {
    readSync(handle, tail, 0, tail.length, size - tail.length)
  } finally {
    closeSync(handle)
  }
  return size - tail.length - new DataView(tail.buffer).getUint32(0, true)
}
