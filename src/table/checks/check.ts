// What a check is: one value for each form that a build file may give it. Runs nothing.

/** A check by its name, as it was understood. */
export interface Check {
  readonly name: string
  readonly form: CheckForm
  /** What it is for, in the words of who wrote it; shown with a failure. */
  readonly description?: string
}

/** A bound of a range: a number, or a text that the column's type can read (`2020-01-31`). */
export type Bound = number | string

/** A value that a column may have. */
export type EnumValue = null | boolean | number | string

/** What the forms say, each in its own words: docs/checks.md. */
export type CheckForm =
  | { readonly kind: 'expression'; readonly sql: string }
  | { readonly kind: 'query'; readonly sql: string }
  | { readonly kind: 'enum'; readonly column: string; readonly values: readonly EnumValue[] }
  | RangeForm
  | { readonly kind: 'regexp'; readonly column: string; readonly pattern: string; readonly whole: boolean }
  | { readonly kind: 'substr'; readonly column: string; readonly text: string; readonly anyCase: boolean }
  | DatesForm
  | { readonly kind: 'not_null'; readonly columns: readonly string[] }
  | { readonly kind: 'unique'; readonly columns: readonly string[] }
  | ForeignKeyForm
  | { readonly kind: 'rows'; readonly min: number | undefined; readonly max: number | undefined }
  | SchemaForm

/** Values between two bounds, or what is computed of the whole column. */
export interface RangeForm {
  readonly kind: 'range'
  readonly column: string
  readonly of: RangeOf
  readonly min: Bound | undefined
  readonly max: Bound | undefined
}

/** What a range looks at: each value, its size, or one number of the column. */
export type RangeOf = (typeof rangeOfs)[number]

/** All of them; the first two look at each row. */
export const rangeOfs = [
  'value',
  'abs',
  'length',
  'count',
  'distinct',
  'sum',
  'mean',
  'median',
  'mode',
  'stddev',
  'variance',
] as const

/** Values that are dates or times, as `format` writes them, between two of them. */
export interface DatesForm {
  readonly kind: 'dates'
  readonly column: string
  /** In strftime's letters; without one, ISO 8601. */
  readonly format: string | undefined
  readonly min: string | undefined
  readonly max: string | undefined
}

/** Values that must be among those of another table of the package. */
export interface ForeignKeyForm {
  readonly kind: 'foreign_key'
  readonly columns: readonly string[]
  /** The other table's path in the package. */
  readonly table: string
  readonly references: readonly string[]
}

/** Which columns there are. */
export interface SchemaForm {
  readonly kind: 'schema'
  /** A type, or `undefined` for any. */
  readonly columns: ReadonlyMap<string, string | undefined>
  /** Whether there may be no others. */
  readonly only: boolean
  /** Whether they come in this order. */
  readonly ordered: boolean
}

/** Something that is wrong with definitions, and where in the value: `['kinds', 'enum', 'values', 2]`. */
export interface CheckProblem {
  readonly path: readonly (string | number)[]
  readonly message: string
}
