// All that a plugin may import: the seam that it implements, and the few values it needs to do so.
// Together with src/index.ts and src/testing/api.ts the only file that re-exports.
import type { Backend } from '../core/backend/backend.ts'
import type { Ambient } from '../core/base/ambient.ts'
import type { Bytes } from '../core/base/bytes.ts'
import type { Context } from '../core/base/context.ts'
import type { Remote } from '../core/repo/remote.ts'
import type { Parser } from './parser.ts'

export type { Backend, BackendFeatures, Head, PutOptions, Range } from '../core/backend/backend.ts'
export type { RetryOptions } from '../core/backend/patience.ts'
export type { AskRange, RangeAnswer } from '../core/backend/resuming.ts'
export type { Bytes } from '../core/base/bytes.ts'
export type { Context, Progress, Retry } from '../core/base/context.ts'
export type { ErrorCode, ErrorDetails } from '../core/base/error.ts'
export type { FileSystem } from '../core/base/fs-node.ts'
export type { ByteSource } from '../core/base/source.ts'
export type { Json, JsonObject } from '../core/model/metadata.ts'
export type { PackageName } from '../core/model/package-name.ts'
export type { Remote } from '../core/repo/remote.ts'
export type { Repository } from '../core/repo/repository.ts'
export { checkKey, isKey, isKeyPart, longestKey } from '../core/backend/key.ts'
export { networkPatience, persist } from '../core/backend/patience.ts'
export { checkRange } from '../core/backend/range.ts'
export { readResuming } from '../core/backend/resuming.ts'
export { iterateBytes } from '../core/base/bytes.ts'
export { checkSignal } from '../core/base/context.ts'
export { closest } from '../core/base/closest.ts'
export { isQuiltError, QuiltError } from '../core/base/error.ts'
export { bytesSource } from '../core/base/source.ts'
export { decodeListing, type ListedKey } from '../core/codec/remotes/listing.ts'
export { lineProblem, networkAgent, retryAfter, type NetworkAgent } from './network.ts'

/** The environment's variables, as the edge hands them on: a plugin never reads them by itself. */
export type Env = Readonly<Record<string, string | undefined>>

/** The time, waiting, and names that nobody else has, as the edge hands them on. */
export type PluginAmbient = Pick<Ambient, 'now' | 'randomName' | 'sleep'>

export type {
  Batch,
  Column,
  ColumnData,
  DelimitedText,
  JsonText,
  MediaInfo,
  NamedTable,
  ParquetFile,
  Parsed,
  Parser,
  ParserListing,
  Relation,
  SourceFile,
  TableSource,
} from './parser.ts'

/** What a plugin's module exports as its default. */
export type Plugin = BackendPlugin | ParserPlugin | RemotePlugin

/** New formats that files are read as. */
export interface ParserPlugin {
  readonly kind: 'parser'
  readonly api: 1
  readonly parsers: readonly Parser[]
}

/** A new place to store bytes: our repository is layered on it. */
export interface BackendPlugin {
  readonly kind: 'backend'
  readonly api: 1
  /** Of the addresses that it opens, without the colon: `s3`. */
  readonly scheme: string
  /**
   * Opens the store at this address. That nothing is there yet is no error: its first put makes it.
   * Time and randomness come with `ambient`: a plugin takes neither by itself.
   * @throws INVALID for an address that names no store; DENIED, UNAVAILABLE
   */
  open(url: URL, env: Env, ambient: PluginAmbient): Promise<Backend>
  /**
   * Opens the same place for plain files under their own names, for exports. Where it is missing, only files are
   * exported whose paths are keys.
   * @throws INVALID, DENIED, UNAVAILABLE
   */
  openFiles?(url: URL, env: Env, ambient: PluginAmbient): Promise<FileSink>
}

/** A place that takes plain files. A path is any package's: parts of any letters, joined by `/`. */
export interface FileSink {
  /** Writes a file, whole or not at all; what was there is replaced. */
  put(path: string, body: Bytes, ctx?: Context): Promise<void>
  /** Every file that is there, in any order. */
  list(ctx?: Context): AsyncIterable<string>
  close(): Promise<void>
}

/** A whole repository behind a protocol of its own. */
export interface RemotePlugin {
  readonly kind: 'remote'
  readonly api: 1
  readonly schemes: readonly string[]
  open(url: URL, env: Env, ambient: PluginAmbient): Promise<Remote>
}
