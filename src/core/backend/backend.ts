// The storage seam: flat bytes by key. All that a storage plugin writes; the repository is layered on it.
import type { Bytes } from '../base/bytes.ts'
import type { Context } from '../base/context.ts'

/**
 * Flat storage of bytes under slash-separated keys.
 *
 * Keys are relative paths of 1–1024 characters: parts of `[A-Za-z0-9._-]`, joined by `/`, none of them `.` or
 * `..`. Any other key is refused with INVALID. No key is a folder of another (`a` and `a/b` never meet; what
 * happens when they do is the backend's).
 *
 * Reads after a write see it, also in another process, and so does `list`. Failures of the device, the disk or
 * the network are UNAVAILABLE, refused access is DENIED, and the backend's own error is the `cause`.
 */
export interface Backend {
  readonly features: BackendFeatures
  /**
   * The bytes under `key`, or the part of them in `range`.
   * @throws NOT_FOUND when there are none; INVALID when the range ends beyond them
   */
  get(key: string, range?: Range, ctx?: Context): Promise<Uint8Array>
  /**
   * Writes the bytes, whole or not at all, and durably: they survive a power cut once this returns. What was
   * there is replaced; with `absent` it stays, and one of many racing writers wins.
   * @throws CONFLICT with `absent`, if the key exists: then what is there is durable too
   */
  put(key: string, body: Bytes, options?: PutOptions, ctx?: Context): Promise<void>
  /** What is known of the bytes under `key`; `undefined` when there are none. */
  head(key: string, ctx?: Context): Promise<Head | undefined>
  /** Every key that begins with `prefix` (any text, not only whole parts), ascending by its bytes. */
  list(prefix: string, ctx?: Context): AsyncIterable<Head>
  /** Removes the bytes under `key`; that there are none is fine. */
  delete(key: string, ctx?: Context): Promise<void>
  /** An address that serves this one request for so long, for whoever holds it. */
  presign?(key: string, method: 'GET' | 'PUT', seconds: number): Promise<URL>
  /**
   * To be told that what was read under a key is not what it must be: copies that are kept nearby are dropped, so that the
   * next read asks where the bytes lie. Only backends with such copies have it.
   */
  distrust?(key: string): Promise<void>
  close(): Promise<void>
}

/** What a backend promises beyond the methods. */
export interface BackendFeatures {
  /** `put` with `absent` holds against any number of writers in any number of processes. */
  readonly putIfAbsent: boolean
  readonly writable: boolean
  /**
   * True where `putIfAbsent` is what the protocol says, and not every store that speaks it keeps: it is then tried
   * with racing writers before it is relied on.
   */
  readonly unproven?: boolean
}

/** How to put. */
export interface PutOptions {
  readonly absent?: boolean
}

/** Bytes `start` (included) to `end` (excluded), counted from 0. */
export interface Range {
  readonly start: number
  readonly end: number
  /**
   * Memory of just this length that the bytes may be put into, where that spares a backend new memory. It is the
   * backend's until the call has ended; what is returned lies in it or elsewhere.
   */
  readonly into?: Uint8Array<ArrayBuffer>
}

/** What is known of the bytes under a key: `size` in bytes, `modified` by the store's own clock. */
export interface Head {
  readonly key: string
  readonly size: number
  readonly modified: Date
}
