// The seam between those who know a format and those who know tables: what a parser says of a file. It never touches
// identity: the bytes are the file's own, and are kept in any case. Imported through api.ts.
import type { Context } from '../core/base/context.ts'
import type { ByteSource } from '../core/base/source.ts'
import type { JsonObject } from '../core/model/metadata.ts'

/** Says what a file holds. */
export interface Parser<Options = unknown> {
  /** As a build file names it: `csv`. */
  readonly name: string
  /** Raised when the same bytes and options begin to give another view. */
  readonly version: string
  /** What the names of its files end in, in lower case: `.csv`, `.csv.gz`. The longest that fits wins. */
  readonly extensions: readonly string[]
  /**
   * The options of a build file, which nobody has checked, as `read` takes them.
   * @throws INVALID, naming the key
   */
  options(raw: JsonObject): Options
  /** @throws INVALID for what is not of this format, with its line and column where it has them */
  read(source: SourceFile, options: Options, ctx?: Context): Promise<Parsed>
}

/** The bytes of a file, and what it is called in its folder. */
export interface SourceFile extends ByteSource {
  readonly name: string
}

/** What a file holds. */
export type Parsed = TableSource | TablesSource | MediaInfo

/** Several tables: a workbook, a database. */
export interface TablesSource {
  readonly kind: 'tables'
  tables(): AsyncIterable<NamedTable>
}

/** One of several tables in a file: its name is a further part of the path. */
export interface NamedTable {
  readonly name: string
  readonly table: TableSource
}

/** What is no table: a picture, a text. `info` is shown, and is at most 64 KiB; without any, nothing is kept. */
export interface MediaInfo {
  readonly kind: 'media'
  readonly mime: string
  readonly info: JsonObject
}

/** One table: one that the table engine reads by itself, or rows that the parser gives. */
export type TableSource =
  | { readonly kind: 'relation'; readonly relation: Relation }
  | { readonly kind: 'rows'; readonly columns: readonly Column[]; batches(): AsyncIterable<Batch> }

/** What the table engine reads by itself. */
export type Relation = DelimitedText | JsonText | ParquetFile

/** Rows of cells between separators, as in RFC 4180. Plain, or as one stream of gzip or zstd. */
export interface DelimitedText {
  readonly format: 'delimited'
  /** Between cells: one character. */
  readonly separator: string
  readonly quote: string | undefined
  /** Before a quote that is part of a cell; the quote itself where nothing else is said. */
  readonly escape: string | undefined
  /** Lines that begin with it are left out. */
  readonly comment: string | undefined
  /** A label of the Encoding Standard: `utf-8`, `latin1`, `utf-16le`. */
  readonly encoding: string
  /** Lines left out at the beginning. */
  readonly skipLines: number
  /** The line with the names, counted after `skipLines` from 0; `undefined` when there is none. */
  readonly headerLine: number | undefined
  readonly names: readonly string[] | undefined
  /** The only columns that are kept, by name or by number from 0. */
  readonly useColumns: readonly (string | number)[] | undefined
  /** Arrow types of columns by name; `*` stands for all others. */
  readonly types: Readonly<Record<string, string>>
  /** Columns that are dates, by name: `true` for all that read so. */
  readonly dates: readonly string[] | boolean
  /** How dates are written, as strftime says it; ISO 8601 where nothing is said. */
  readonly dateFormat: string | undefined
  /** Cells that are no value. */
  readonly nulls: readonly string[]
  readonly decimal: string
  readonly thousands: string | undefined
  /** No more rows than this are read. */
  readonly mostRows: number | undefined
  /** What to do with a row that cannot be read. */
  readonly onBad: 'error' | 'skip' | 'text'
}

/** JSON: an array of objects, or one on each line. Plain, or as one stream of gzip or zstd. */
export interface JsonText {
  readonly format: 'json'
  /** One value on each line, an array of values, or whichever it is. */
  readonly layout: 'lines' | 'array' | 'auto'
  readonly encoding: string
  readonly mostRows: number | undefined
}

/** A Parquet file: its own view. */
export interface ParquetFile {
  readonly format: 'parquet'
}

/** A column. `type` is Arrow's, as text: `int64`, `decimal(38,2)`, `list<utf8>`. */
export interface Column {
  readonly name: string
  readonly type: string
  readonly nullable: boolean
}

/** Rows, column by column, in the order of the columns. */
export interface Batch {
  readonly length: number
  readonly columns: readonly ColumnData[]
}

/** The cells of one column in a batch; `null` where there is no value. */
export type ColumnData = readonly unknown[] | Float64Array | BigInt64Array

/** A parser that there is, as data: it is loaded when a file asks for it. */
export interface ParserListing {
  readonly name: string
  readonly extensions: readonly string[]
  load(): Promise<Parser>
}
