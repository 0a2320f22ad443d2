// What a view of one table is, before it is stored: columns, and parts of rows, each a Parquet file.
import type { Id } from '../../core/model/id.ts'
import type { Column } from '../../plugins/api.ts'

/** A table as it was made, or as it is kept. */
export interface TableView {
  readonly columns: readonly Column[]
  readonly rows: number
  /** Absent where the source itself is the table: a Parquet file. */
  readonly parts: readonly ViewPart[] | undefined
  /** Where the rows begin in the text, where it was made of text. */
  readonly head?: number
}

/** Rows of a table. */
export interface ViewPart {
  /** The blob of the Parquet file. */
  readonly id: Id
  readonly size: number
  readonly rows: number
  /** What it was made of; absent where a part is not made again by itself. */
  readonly text?: PartText
}

/** The text that a part was made of. */
export interface PartText {
  readonly id: Id
  readonly bytes: number
  /** The narrowest type of each column, a letter each. */
  readonly types: string
}

/** An earlier view of a like file, of which what is the same is taken over. */
export interface OldTable {
  readonly view: TableView
  /** Where bytes `start` to `end` of the earlier text lie in the new one, if they do; absent where that is unknown. */
  readonly moved?: (start: number, end: number) => number | undefined
}
