// What the parts of a transfer hand to each other.
import type { Extent } from '../../model/extent.ts'
import type { Id, Kind } from '../../model/id.ts'
import type { ObjectReader, ObjectWriter } from '../../store/object-store.ts'

/** One commit that is asked for. */
export interface WantedCommit {
  readonly id: Id
  /** Absent: all that it reaches. */
  readonly extent?: Extent | undefined
  /** A commit that the other side has whole, or that comes before this one in the list. */
  readonly than?: Id | undefined
}

/** The two stores of a transfer: `near` is where chunks are read that need not be sent. */
export interface Ends {
  readonly task: 'send' | 'receive'
  readonly from: ObjectReader
  readonly out: ObjectWriter
  readonly near: ObjectReader
}

/** What an object must be by what names it; a blob's size in bytes. */
export interface Expected {
  readonly kind: Kind
  readonly size?: number
}

/** Counts the bytes of blobs, sent or found there, and tells whoever wants to know. */
export interface TransferProgress {
  expect(bytes: number): void
  sent(kind: Kind, bytes: number): void
  /** Nothing more will be expected. */
  allIsKnown(): void
}
