// The declaration of one package's module: a type for each node, the package as default, each child by its names.
import { QuiltError } from '../../core/base/error.ts'
import { joinPath } from '../../core/model/path.ts'
import { hasFiles } from '../../core/model/extent.ts'
import { columnFacts } from '../../table/read/read-rows.ts'
import type { ColumnFacts } from '../../table/read/read-rows.ts'
import { aliasNames, childrenOf, type Draft, type GroupDraft } from '../load/draft.ts'
import type { Opened } from '../load/opened.ts'
import { isTable, tablesIn } from '../load/table-content.ts'
import type { OpenTable } from '../tables/open-table.ts'
import { cellType } from './column-types.ts'

/** Above so many bytes a table's values are not looked at: for that they would have to lie on disk as plain files. */
const mostLookedAt = 64 * 1024 * 1024
/** More nodes than an editor could bear. */
const mostNodes = 200_000

interface Writing {
  readonly opened: Opened
  readonly lines: string[]
  nodes: number
}

/**
 * The text that declares the module of a handle.
 * @throws INVALID for a package of too many nodes
 */
export async function packageModule(opened: Opened, handle: string, root: GroupDraft): Promise<string> {
  const run: Writing = { opened, lines: [], nodes: 0 }
  const children = await childTypes(run, root, '')
  run.lines.push(
    `const package_: Loaded<${groupType(children)}>`,
    'export default package_',
    ...children.flatMap(({ names, type }, at) => {
      const exported = names.filter((name) => name !== 'default' && name !== 'then')
      const local = `child${String(at)}`
      return exported.length === 0
        ? []
        : [
            `const ${local}: ${type}`,
            `export { ${exported.map((name) => `${local} as ${JSON.stringify(name)}`).join(', ')} }`,
          ]
    }),
  )
  const head = "import type { Loaded, LoadedGroup, LoadedNode, LoadedTable, NodeCalls } from 'quilt-ts'"
  const body = [head, ...run.lines].map((line) => `  ${line}`).join('\n')
  return `declare module ${JSON.stringify(`quilt:${handle}`)} {\n${body}\n}\n`
}

/** A child's names, real and alias, and the type that was written for it. */
interface ChildType {
  readonly names: readonly string[]
  readonly type: string
}

function groupType(children: readonly ChildType[]): string {
  const fields = children.flatMap(({ names, type }) =>
    names.map((name) => `${JSON.stringify(name)}: ${type}`),
  )
  return `LoadedGroup<{ ${fields.join('; ')} }>`
}

/** Groups nest at most 512 deep, so this may recurse. */
async function childTypes(run: Writing, group: GroupDraft, path: string): Promise<readonly ChildType[]> {
  const aliases = new Map<string, string>()
  for (const [alias, names] of await aliasNames(run.opened, group))
    if (names.length === 1) aliases.set(names[0] as string, alias)
  const children: ChildType[] = []
  for await (const { name, draft } of childrenOf(run.opened, group)) {
    const alias = aliases.get(name)
    const names = alias === undefined || alias === name ? [name] : [name, alias]
    children.push({ names, type: await writeType(run, draft, joinPath(path, name)) })
  }
  return children
}

/** Writes a node's type, and gives its name. */
async function writeType(run: Writing, draft: Draft, path: string): Promise<string> {
  if (run.nodes >= mostNodes) {
    throw new QuiltError('INVALID', `${run.opened.name} has more than ${String(mostNodes)} nodes to declare`)
  }
  const type = `Node${String(run.nodes++)}`
  const said =
    draft.kind === 'group'
      ? groupType(await childTypes(run, draft, path))
      : await leafType(run.opened, draft, path)
  run.lines.push(
    `/** ${path.replaceAll('*/', '*\\/').replaceAll(/[\u0000-\u001f\u2028\u2029]/g, ' ')} */`,
    `type ${type} = ${said}`,
  )
  return type
}

async function leafType(opened: Opened, draft: Draft, path: string): Promise<string> {
  if (!(await isTable(opened, draft))) return 'NodeCalls'
  const { revision } = opened
  if (!hasFiles(revision.state.partial.get(revision.id), path)) return 'LoadedNode' // its columns are not here
  const tables = await tablesIn(opened, draft)
  const [only] = tables.values()
  if (tables.size === 1 && only !== undefined) return tableType(opened, only)
  const fields: string[] = []
  for (const [name, one] of tables) fields.push(`${JSON.stringify(name)}: ${await tableType(opened, one)}`)
  return `LoadedGroup<{ ${fields.join('; ')} }>`
}

async function tableType(opened: Opened, table: OpenTable): Promise<string> {
  const facts = await factsOf(opened, table)
  const fields = table.view.columns.map(
    ({ name, type }) => `readonly ${JSON.stringify(name)}: ${cellType(type, facts?.get(name))}`,
  )
  return `LoadedTable<{ ${fields.join('; ')} }>`
}

async function factsOf(
  { session, ctx }: Opened,
  { view, file, files }: OpenTable,
): Promise<ReadonlyMap<string, ColumnFacts> | undefined> {
  const size = (view.parts ?? [file]).reduce((sum, part) => sum + part.size, 0)
  if (size > mostLookedAt || view.rows === 0) return undefined
  const paths = await files(ctx)
  const engine = session.tables.engineFor(paths)
  try {
    const columns = view.columns.map(({ name, type }) => ({ name, type }))
    return await columnFacts(await engine.connect(ctx), paths, columns)
  } finally {
    await engine.close()
  }
}
