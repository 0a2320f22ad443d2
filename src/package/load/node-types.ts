// What a package is in code: nodes that read nothing before they are asked. Types alone.
import type { Json, JsonObject } from '../../core/model/metadata.ts'
import type { ArrowBytes } from '../../table/read/from-arrow.ts'
import type { ReadColumn, TableBatch, TableRow } from '../../table/read/read-rows.ts'

/** What a node is. A file with a view is a table; a group is asked as one where it holds tables. */
export type NodeType = 'group' | 'file' | 'link' | 'table'

/** What is known of a picture or another file that is no table. */
export interface MediaDetails {
  readonly mime: string
  readonly info: JsonObject
}

/** Which nodes a filter keeps: all that it says must hold. */
export interface NodeQuery {
  readonly name?: string
  /** Metadata that the node's must hold, however deep. */
  readonly meta?: JsonObject
}

/** Says of each node whether a filter keeps it. */
export type NodeTest = (node: LoadedNode, name: string) => boolean | Promise<boolean>

/** What may be set: bytes, the path of a file, text, rows, an Arrow IPC stream or file; a stream also as it comes. */
export type NodeValue =
  | Uint8Array
  | string
  | { readonly text: string }
  | { readonly arrow: ArrowBytes }
  | Iterable<TableRow>
  | AsyncIterable<TableRow>

/** How a value is set. */
export interface SetOptions {
  readonly meta?: JsonObject
  /** Arrow types of columns by name, for rows; the others' are found out. */
  readonly types?: Readonly<Record<string, string>>
}

/** A name in a group, and its alias where that is another and means nothing else. */
export interface NodeName {
  readonly name: string
  readonly alias?: string
}

/** Which columns are read, and in which order; all unless told. Throws NOT_FOUND for one that there is not. */
export interface ColumnOptions<Name extends string = string> {
  readonly columns?: readonly Name[]
}

/** What every node answers. A node is looked up when it is asked: what it is not, it says with an error then. */
export interface NodeCalls<Row = TableRow> extends AsyncIterable<LoadedNode> {
  /** Package, path and revision as they were asked for. */
  readonly handle: string
  readonly type: Promise<NodeType>
  readonly meta: Promise<JsonObject>
  /** A group's names, ascending. */
  keys(): Promise<readonly string[]>
  /** The same with the names' aliases. */
  names(): Promise<readonly NodeName[]>
  /** The node of this name, alias or path. Throws NOT_FOUND, AMBIGUOUS. */
  get(path: string): Promise<LoadedNode>
  /** The group again, with what is kept and all below that, as a tree of its own. */
  filter(keep: NodeQuery | NodeTest): Promise<LoadedNode>
  /** A file's bytes, checked. */
  bytes(): Promise<Uint8Array>
  /** A file's text. Throws INVALID for what is no UTF-8. */
  text(): Promise<string>
  /** A file's bytes as they are read; the last come only when all were checked. */
  stream(): AsyncIterable<Uint8Array>
  /** The path of a read-only file on this machine with these bytes. */
  path(): Promise<string>
  /** What is known of a picture; `undefined` for most files. */
  readonly info: Promise<MediaDetails | undefined>
  readonly columns: Promise<readonly ReadColumn[]>
  readonly rowCount: Promise<number>
  /** A table's rows: all columns, or some. Of what is not on this machine only these are fetched. */
  rows(): AsyncIterable<Row>
  rows<Name extends keyof Row & string>(options: ColumnOptions<Name>): AsyncIterable<Pick<Row, Name>>
  batches(options?: ColumnOptions): AsyncIterable<TableBatch>
  /** The table as an Arrow IPC stream, in memory. */
  toArrow(options?: ColumnOptions): Promise<Uint8Array>
  /** Rows of a SELECT in which `this`, or `t`, is the table. */
  query<Result = TableRow>(sql: string): Promise<readonly Result[]>
  /** Puts a value at a path, in place of what is there. Nothing is written to the store before `build`. */
  set(path: string, value: NodeValue, options?: SetOptions): Promise<void>
  setMeta(meta: Readonly<Record<string, Json>>): Promise<void>
  remove(path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
}

/** Children by name or alias, none of which is looked up before it is asked. */
export interface NodeChildren {
  readonly [name: string]: LoadedNode
}

/** A node of a package. Its own words come before children of the same name, which `get` reaches. */
export type LoadedNode = NodeCalls & NodeChildren

/** What `load` gives: a node, and the end of it. */
export type Loaded<Node = LoadedNode> = Node & AsyncDisposable & { close(): Promise<void> }

/** A group whose children are known, as `quilt types` writes it. */
export type LoadedGroup<Children> = {
  get<Name extends keyof Children>(path: Name): Promise<Children[Name]>
} & NodeCalls & { readonly [Name in keyof Children]: Children[Name] }

/** A table whose columns are known. */
export type LoadedTable<Row> = NodeCalls<Row>
