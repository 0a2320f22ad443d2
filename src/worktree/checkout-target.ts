// What a checkout is given: where to, what, and how.
import type { FileSystem } from '../core/base/fs-node.ts'
import type { Entry, FileEntry } from '../core/model/entry.ts'
import type { Id } from '../core/model/id.ts'
import type { ObjectReader } from '../core/store/object-store.ts'

/** What is to be written: paths below the destination, folders before what is in them. */
export type CheckoutItems = () => AsyncIterable<CheckoutItem>

/** One thing to be written. */
export interface CheckoutItem {
  readonly path: string
  readonly entry: Entry
  /** The path of a file whose bytes are to be written instead of the blob's, `entry` giving their number. */
  readonly from?: string
  /** Nothing else may lie there, nor below: readers take all that does for one. */
  readonly alone?: true
}

/** What a checkout needs. */
export interface CheckoutTarget {
  readonly fs: FileSystem
  /** The destination's absolute path; it and the folders above it are made when they are not there. */
  readonly folder: string
  readonly objects: ObjectReader
  /** A blob's recipe where the commit names one, so that the commit vouches for what is read. */
  readonly recipe: (blob: Id) => Promise<Id | undefined>
  /** Replace files that exist. */
  readonly force: boolean
  /** True where Windows says which names a file may have. */
  readonly windows: boolean
  /** 32 hex digits for the name of the folder in which all is written first. */
  readonly randomName: string
  /** Gives a plain file that holds a blob: then files become symbolic links to it. */
  readonly plainFile?: (entry: FileEntry) => Promise<string>
  /** The store's folder: nothing is ever written there. */
  readonly store?: string
  /** True when the file system takes names that differ in case for one; found out when it is not told. */
  readonly foldsCase?: boolean
}
