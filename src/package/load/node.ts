// Nodes as people hold them: a place in a tree, looked up when it is asked something, and children by their names.
import { closest } from '../../core/base/closest.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { JsonObject } from '../../core/model/metadata.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import { joinPath } from '../../core/model/path.ts'
import type { TableRow } from '../../table/read/read-rows.ts'
import { bytesOf, infoOf, plainPathOf, streamOf, textOf, type FoundContent } from './content.ts'
import { aliasNames, childrenOf, findDraft, typeOfDraft, type GroupDraft } from './draft.ts'
import { removeNode, renameNode, setMeta, setNode } from './edit.ts'
import { filterGroup, matches } from './filter.ts'
import type { LoadedNode, NodeCalls, NodeName, NodeQuery, NodeTest, NodeType } from './node-types.ts'
import type { Opened } from './opened.ts'
import {
  arrowOf,
  batchesOf,
  isTable,
  queryOf,
  rowsIn,
  tableOf,
  tablesIn,
  type TableContent,
} from './table-content.ts'

/** A tree in memory: an opened revision, with what was changed. `at` is where its root lies in the package. */
export interface LoadedTree {
  readonly opened: Opened
  readonly root: GroupDraft
  readonly at: string
}

/** A node's place, for those who are handed the node. */
export interface NodePlace {
  readonly tree: LoadedTree
  readonly path: string
}

const places = new WeakMap<object, NodePlace>()
const inspected = Symbol.for('nodejs.util.inspect.custom')

/** The node at a path of a tree, whatever it will turn out to be. */
export function nodeAt(tree: LoadedTree, path: string, more: object = {}): LoadedNode {
  const shown = (): string => `quilt:${handleAt(tree, path)}`
  const calls: object = Object.assign(callsOf({ tree, path }), { [inspected]: shown }, more)
  const node = new Proxy(calls, {
    get: (target, key) => {
      if (typeof key === 'symbol' || key in target) return Reflect.get(target, key) as unknown
      return key === 'then' ? undefined : nodeAt(tree, joinPath(path, key))
    },
  }) as LoadedNode
  places.set(node, { tree, path })
  return node
}

/** Where a node lies; `undefined` for what is none. */
export function placeOfNode(value: unknown): NodePlace | undefined {
  return typeof value === 'object' && value !== null ? places.get(value) : undefined
}

/** The handle of a path: package, path and revision as they were asked for. */
export function handleAt({ opened, at }: LoadedTree, path: string): string {
  const pkg = formatPackageName(opened.revision.state.pkg)
  const below = joinPath(at, path).replaceAll('%', '%25').replaceAll('@', '%40')
  return `${joinPath(pkg, below).replace(/\/$/, '')}${opened.name.slice(pkg.length)}`
}

/** Getters are kept as they are: what they give is found out when they are asked. */
function callsOf(place: NodePlace): NodeCalls {
  const { tree, path } = place
  const { opened } = tree
  const table = async (): Promise<TableContent> => tableOf(opened, await needContent(place))
  return {
    handle: handleAt(tree, path),
    get type() {
      return typeOf(place)
    },
    get meta() {
      return needContent(place).then(({ draft }): JsonObject => draft.meta ?? {})
    },
    get info() {
      return needContent(place).then((found) => infoOf(opened, found))
    },
    get columns() {
      return table().then((one) => one.columns())
    },
    get rowCount() {
      return table().then((one) => one.rowCount())
    },
    keys: () => keysOf(place),
    names: () => namesOf(place),
    get: async (below) => {
      const wanted = joinPath(path, below)
      const found = await needContent({ tree, path: wanted })
      return nodeAt(tree, found.table === undefined ? found.path : joinPath(found.path, found.table))
    },
    filter: (keep) => filterNode(place, keep),
    bytes: async () => bytesOf(opened, await needContent(place)),
    text: async () => textOf(opened, await needContent(place)),
    stream: async function* () {
      yield* streamOf(opened, await needContent(place))
    },
    path: async () => plainPathOf(opened, await needContent(place)),
    rows: (options = {}) => rowsIn(opened, table, options),
    batches: async function* (options = {}) {
      yield* batchesOf(opened, await table(), options)
    },
    toArrow: async (options = {}) => arrowOf(opened, await table(), options),
    query: async <Result = TableRow>(sql: string) =>
      (await queryOf(opened, await table(), sql)) as readonly Result[],
    set: async (below, value, options = {}) => {
      await setNode(opened, tree.root, { path: joinPath(await groupPath(place), below), value, options })
    },
    setMeta: async (meta) => setMeta(opened, tree.root, { path: (await needContent(place)).path, meta }),
    remove: async (below) => {
      const { path: real } = await needContent({ tree, path: joinPath(path, below) })
      await removeNode(opened, tree.root, real)
    },
    rename: async (from, to) => {
      const { path: real } = await needContent({ tree, path: joinPath(path, from) })
      await renameNode(opened, tree.root, { from: real, to: joinPath(await groupPath(place), to) })
    },
    [Symbol.asyncIterator]: async function* () {
      const found = await needContent(place)
      for (const name of await keysOf(place)) yield nodeAt(tree, joinPath(found.path, name))
    },
  }
}

/**
 * What lies at a place: a draft, or one of the tables in a file.
 * @throws NOT_FOUND with a name that is near; AMBIGUOUS, INVALID
 */
export async function needContent({ tree, path }: NodePlace): Promise<FoundContent> {
  const { opened, root } = tree
  if (opened.closed) throw new QuiltError('INVALID', `${opened.name} was closed`, { hint: 'load it again' })
  const found = await findDraft(opened, root, path)
  if (found !== undefined) return found
  const cut = path.lastIndexOf('/')
  const [folder, name] = [path.slice(0, Math.max(cut, 0)), path.slice(cut + 1)]
  const parent = await findDraft(opened, root, folder)
  const names: string[] = []
  if (parent?.draft.kind === 'group')
    for await (const child of childrenOf(opened, parent.draft)) names.push(child.name)
  else if (parent !== undefined && (await isTable(opened, parent.draft))) {
    const tables = await tablesIn(opened, parent.draft)
    if (tables.size > 1 && tables.has(name)) return { ...parent, table: name }
    if (tables.size > 1) names.push(...tables.keys())
  }
  const near = closest(name, names) ?? names.find((one) => name !== '' && one.startsWith(name))
  throw new QuiltError('NOT_FOUND', `no ${JSON.stringify(joinPath(tree.at, path))} in ${opened.name}`, {
    hint:
      near === undefined ? `see what there is with: quilt inspect ${opened.name}` : `did you mean ${near}?`,
  })
}

async function typeOf(place: NodePlace): Promise<NodeType> {
  const { draft, table } = await needContent(place)
  if (table !== undefined) return 'table'
  const type = typeOfDraft(draft)
  return type === 'file' && (await isTable(place.tree.opened, draft)) ? 'table' : type
}

async function keysOf(place: NodePlace): Promise<readonly string[]> {
  const { path, draft, table } = await needContent(place)
  const names: string[] = []
  if (draft.kind === 'group')
    for await (const child of childrenOf(place.tree.opened, draft)) names.push(child.name)
  else if (table === undefined) {
    const tables = await tablesIn(place.tree.opened, draft)
    if (tables.size > 1) names.push(...tables.keys())
  }
  if (draft.kind === 'group' || names.length > 0) return names
  throw noGroup(path, table === undefined ? typeOfDraft(draft) : 'table')
}

async function namesOf(place: NodePlace): Promise<readonly NodeName[]> {
  const { path, draft } = await needContent(place)
  if (draft.kind !== 'group') throw noGroup(path, typeOfDraft(draft))
  const aliases = new Map<string, string>()
  for (const [alias, names] of await aliasNames(place.tree.opened, draft))
    if (names.length === 1) aliases.set(names[0] as string, alias)
  return (await keysOf(place)).map((name) => {
    const alias = aliases.get(name)
    return alias === undefined || alias === name ? { name } : { name, alias }
  })
}

async function groupPath(place: NodePlace): Promise<string> {
  const { path, draft } = await needContent(place)
  if (draft.kind === 'group') return path
  throw noGroup(path, typeOfDraft(draft))
}

function noGroup(path: string, is: string): QuiltError {
  return new QuiltError('INVALID', `"${path}" is a ${is}, no group: nothing lies below it`)
}

async function filterNode(place: NodePlace, keep: NodeQuery | NodeTest): Promise<LoadedNode> {
  const { tree } = place
  const { path, draft } = await needContent(place)
  if (draft.kind !== 'group') throw noGroup(path, typeOfDraft(draft))
  const left = await filterGroup(tree.opened, draft, (one, name, below) =>
    typeof keep === 'function' ? keep(nodeAt(tree, joinPath(path, below)), name) : matches(one, name, keep),
  )
  return nodeAt({ opened: tree.opened, root: left, at: joinPath(tree.at, path) }, '')
}
