// What everyone above the store sees of it: objects by id, read verified, written in batches.
import type { Bytes } from '../base/bytes.ts'
import type { Context } from '../base/context.ts'
import type { ReadMemory } from '../base/read-memory.ts'
import type { ByteReader, ByteSource } from '../base/source.ts'
import type { Encoding } from '../codec/pack.ts'
import type { Id, Kind } from '../model/id.ts'

/** Reads objects. */
export interface ObjectReader {
  /** Those of `ids` that are not here, each once. */
  missing(ids: readonly Id[], ctx?: Context): Promise<readonly Id[]>
  /**
   * A blob by range. A chunked one is joined on the fly, each chunk checked; give the recipe that the commit
   * names, so that the commit vouches for what is read.
   * @throws NOT_FOUND; CORRUPT when what is read does not have its id
   */
  open(blob: Id, recipe?: Id, ctx?: Context): Promise<ByteSource>
  /**
   * Objects whole and verified, in any order, each id once. For trees, commits, recipes, chunks and small
   * blobs; a chunked blob comes with its recipe's id and an empty body (read that through `open`).
   * @throws NOT_FOUND, CORRUPT
   */
  readMany(ids: readonly Id[], ctx?: Context, options?: ReadOptions): AsyncIterable<StoredObject>
}

/** How to read objects. */
export interface ReadOptions {
  /** False leaves the check of ids to the caller, who checks the whole that they make up. */
  readonly proved?: boolean
  /** Where bodies and payloads may lie: they are the caller's for as long as this memory says. */
  readonly memory?: ReadMemory
}

/** One object, verified against its id. */
export interface StoredObject {
  readonly id: Id
  readonly kind: Kind
  readonly body: Uint8Array
  /** Set for a blob that is kept as chunks: its recipe. */
  readonly recipe?: Id
  /** The very bytes that lie in the pack, for a copy that does not compress again. */
  readonly packed: PackedPayload
}

/** A payload as it lies in a pack: `size` is the object's length before compression. */
export interface PackedPayload {
  readonly encoding: Encoding
  readonly size: number
  readonly payload: Uint8Array
}

/** Writes objects; what is here already is not written again. */
export interface ObjectWriter {
  /** What was written so far, what was here already not counted. */
  readonly written: Written
  /** Those of `ids` that have to be written, each once: they are not here, or gc is about to delete them. */
  missing(ids: readonly Id[], ctx?: Context): Promise<readonly Id[]>
  /** The same without a read: unless it is `sure`, those that are here but in an index that is not open are among them. */
  missingAsKnown?(ids: readonly Id[]): { readonly absent: readonly Id[]; readonly sure: boolean }
  /** The packs in which these objects lie, or will lie when the batch ends; `undefined` when one is missing. */
  packsOf?(ids: Iterable<Id>, ctx?: Context): Promise<ReadonlySet<string> | undefined>
  /** True when all these packs are here, and stay: packs never change, so what lay in them is here too. */
  hasPacks?(names: Iterable<string>, ctx?: Context): Promise<boolean>
  /** A tree, commit or recipe, already encoded. */
  write(kind: Exclude<Kind, 'blob'>, body: Uint8Array): Promise<Id>
  /** A blob of any size, its bytes lent until it is written; one above the threshold is kept as chunks and a recipe. */
  writeBlob(body: Bytes | ByteReader, ctx?: Context): Promise<StoredBlob>
  /** Small blobs whose ids were found when they were read; their bytes are lent until this returns. */
  writeBlobs(blobs: readonly KnownBlob[], ctx?: Context): Promise<void>
  /**
   * An object that another store's `readMany` gave, verified, and that was asked for as missing. Comes back at once
   * where there is room for it.
   */
  copy(object: StoredObject): Promise<void> | undefined
  /**
   * Begins to write packs that hold so many bytes already, so that a process that is killed loses no more of what has
   * come from far away. Comes back at once where there are none.
   */
  keep?(bytes: number): Promise<void> | undefined
  /** Notes that blob `blob` of `size` bytes is kept as `recipe`, whose chunks have been written and checked against it. */
  writeChunked(blob: Id, size: number, recipe: Id): Promise<void>
}

/** A blob of up to the chunk threshold, its SHA-256, and what the probe for compression said when it was read. */
export interface KnownBlob {
  readonly id: Id
  readonly body: Uint8Array
  readonly mayPay: boolean
}

/** How much a writer has written: objects, and their bytes as they are kept. */
export interface Written {
  readonly objects: number
  readonly bytes: number
}

/** What `writeBlob` made: `recipe` is set when the blob is kept as chunks. */
export interface StoredBlob {
  readonly id: Id
  readonly size: number
  readonly recipe?: Id
}

/** All objects of a repository. */
export interface ObjectStore extends ObjectReader {
  /**
   * Runs `fn` with a writer. What it wrote is durable and can be read by anyone when this returns; when `fn`
   * throws, what it wrote is left for gc. The writer is announced to gc before it reads an index, and until
   * `publish` has moved the refs that keep what was made. A writer that was held up for so long that gc gave it
   * up for dead starts again: both functions may be run more than once.
   */
  batch<T>(
    fn: (out: ObjectWriter) => Promise<T>,
    publish?: (made: T) => Promise<void>,
    ctx?: Context,
  ): Promise<T>
  /** Every id here, ascending, that begins with `prefix` (hex digits). */
  ids(prefix?: string, ctx?: Context): AsyncIterable<Id>
}
