// Columns of tables whose bytes are not on this machine: files with holes, in which lie a Parquet file's foot and the
// columns that were asked for, read by range from the origin and vouched for by the commit as everything else.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { FileSystem } from '../../core/base/fs-node.ts'
import { mapOrdered } from '../../core/base/pool.ts'
import type { ByteSource } from '../../core/base/source.ts'
import type { Id } from '../../core/model/id.ts'
import { columnRanges, type ColumnRange } from '../../table/read/column-ranges.ts'
import { onPath } from '../../worktree/file-error.ts'
import type { Session } from '../session.ts'
import { recipeOfPart, type TablePlace } from '../tables/open-table.ts'

/** A file with holes. */
export interface HoledFile {
  readonly path: string
  /** Where each of its columns lies. */
  readonly ranges: readonly ColumnRange[]
  /** The columns that it has. */
  readonly have: Set<string>
}

/** What reading runs on, and the files that it has made so far. */
export interface HoledFiles {
  readonly session: Session
  readonly holed: Map<Id, HoledFile>
  readonly ctx: Context | undefined
}

/** A Parquet file of a table. */
export interface ParquetFile {
  readonly id: Id
  readonly size: number
}

/** A Parquet file's foot is nearly always shorter than this. */
const footBytes = 16 * 1024
/** No single read is longer. */
const readBytes = 8 * 1024 * 1024
const readsAtOnce = 2
/** Files that are read at once: a line far away answers many as fast as one. */
const filesAtOnce = 4
const magic = [0x50, 0x41, 0x52, 0x31] // "PAR1" (Apache Parquet format, "File format")

/**
 * Files on disk in which these columns of a table can be read, and no others.
 * @throws CORRUPT for what is no Parquet file; UNAVAILABLE
 */
export async function columnsAfar(
  { ctx, holed, session }: HoledFiles,
  place: TablePlace,
  { files, columns }: { readonly files: readonly ParquetFile[]; readonly columns: readonly string[] },
): Promise<readonly string[]> {
  const known = await holedFiles({ ctx, holed, session }, place, files)
  const filled = mapOrdered(known, filesAtOnce, async ([file, { path, ranges, have }]) => {
    const absent = ranges.filter(({ column }) => columns.includes(column) && !have.has(column))
    if (absent.length > 0) {
      await writeRanges(session.fs, { path, source: await open(place, file, ctx), ranges: absent }, ctx)
      for (const { column } of absent) have.add(column)
    }
    return path
  })
  const paths: string[] = []
  for await (const path of filled) paths.push(path)
  return paths
}

/** The files with their feet: those that are not on disk yet are made, and looked into by one engine. */
async function holedFiles(
  { ctx, holed, session }: HoledFiles,
  place: TablePlace,
  files: readonly ParquetFile[],
): Promise<readonly (readonly [ParquetFile, HoledFile])[]> {
  const absent = new Map(files.filter(({ id }) => !holed.has(id)).map((file) => [file.id, file]))
  const feet = mapOrdered(absent.values(), filesAtOnce, async (file) => {
    const path = session.tables.newPath()
    await writeFoot(session.fs, { path, source: await open(place, file, ctx) }, ctx)
    return { file, path }
  })
  const made: { readonly file: ParquetFile; readonly path: string }[] = []
  for await (const one of feet) made.push(one)
  if (made.length > 0) {
    const engine = session.tables.engineFor(made.map(({ path }) => path))
    try {
      const connection = await engine.connect(ctx)
      for (const { file, path } of made) {
        const ranges = await columnRanges(connection, path)
        if (!ranges.every(({ start, end }) => start >= 0 && end >= start && end <= file.size))
          throw noParquet()
        holed.set(file.id, { path, ranges, have: new Set() })
      }
    } finally {
      await engine.close()
    }
  }
  return files.map((file) => [file, holed.get(file.id) as HoledFile])
}

async function open(place: TablePlace, file: ParquetFile, ctx?: Context): Promise<ByteSource> {
  return place.objects.open(file.id, await recipeOfPart(place, file, ctx), ctx)
}

interface Holed {
  readonly path: string
  readonly source: ByteSource
}

/** Makes the file: its first bytes, and its foot. */
async function writeFoot(fs: FileSystem, { path, source }: Holed, ctx?: Context): Promise<void> {
  const { size } = source
  let foot = await lastBytes(source, ctx)
  const end = foot.length - magic.length
  if (end < 8 || magic.some((byte, i) => foot[end + i] !== byte)) throw noParquet()
  const length = new DataView(foot.buffer, foot.byteOffset).getUint32(end - 4, true) + 8
  if (length + magic.length > size) throw noParquet()
  if (length > foot.length) foot = await source.slice(size - length, size, ctx)
  writeAt(fs, path, [
    { at: 0, bytes: Uint8Array.from(magic) },
    { at: size - foot.length, bytes: foot },
  ])
}

/** What is read with the last few bytes anyway: in a blob that is kept in chunks mostly the foot, or more. */
async function lastBytes(source: ByteSource, ctx?: Context): Promise<Uint8Array> {
  const { size } = source
  if (source.around === undefined) return source.slice(Math.max(0, size - footBytes), size, ctx)
  return (await source.around(Math.max(0, size - 12), size, ctx)).bytes
}

function noParquet(): QuiltError {
  return new QuiltError('CORRUPT', 'a table lies in a file that is no Parquet file', {
    hint: 'find out what else is damaged: quilt verify',
  })
}

async function writeRanges(
  fs: FileSystem,
  { path, source, ranges }: Holed & { readonly ranges: readonly ColumnRange[] },
  ctx?: Context,
): Promise<void> {
  const reads = mapOrdered(inPieces(ranges), readsAtOnce, async ({ start, end }) => ({
    at: start,
    bytes: await source.slice(start, end, ctx),
  }))
  for await (const read of reads) writeAt(fs, path, [read])
}

/** Ranges in order, those that touch joined, none longer than a read may be. */
function* inPieces(
  ranges: readonly ColumnRange[],
): Generator<{ readonly start: number; readonly end: number }> {
  let open: { start: number; end: number } | undefined
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    if (open !== undefined && start <= open.end) open.end = Math.max(open.end, end)
    else {
      if (open !== undefined) yield* cut(open)
      open = { start, end }
    }
  }
  if (open !== undefined) yield* cut(open)
}

function* cut({
  start,
  end,
}: {
  readonly start: number
  readonly end: number
}): Generator<{ readonly start: number; readonly end: number }> {
  for (let at = start; at < end; at += readBytes) yield { start: at, end: Math.min(at + readBytes, end) }
}

/** What is not written of a file is a hole, which takes no room. */
function writeAt(
  fs: FileSystem,
  path: string,
  pieces: readonly { readonly at: number; readonly bytes: Uint8Array }[],
): void {
  onPath('write', path, () => {
    const handle = fs.openSync(path, fs.existsSync(path) ? 'r+' : 'wx', 0o600)
    try {
      for (const { at, bytes } of pieces)
        for (let from = 0; from < bytes.length;)
          from += fs.writeSync(handle, bytes, from, bytes.length - from, at + from)
    } finally {
      fs.closeSync(handle)
    }
  })
}
