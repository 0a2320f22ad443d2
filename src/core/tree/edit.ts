// Changes paths of a package's tree: groups on the way are made, and written anew, from the bottom up.
import { QuiltError } from '../base/error.ts'
import { targetProblem, type Entry, type GroupEntry } from '../model/entry.ts'
import type { Id } from '../model/id.ts'
import { joinPath, splitPath } from '../model/path.ts'
import type { ObjectWriter } from '../store/object-store.ts'
import { editEntries, type EntryChange } from './edit-entries.ts'
import { lookupEntry } from './lookup.ts'
import { nodesOf, type NodeReader, type TreeSource } from './node.ts'

/** One path that stands for something else in one tree than in another; `undefined` where there is none. */
export interface Change {
  readonly path: string
  readonly from: Entry | undefined
  readonly to: Entry | undefined
}

/** What is asked of one name, and of names below it. */
interface Plan {
  own: Change | undefined
  readonly below: Map<string, Plan>
}

/**
 * The tree with every change's `to` at its path; `from` is not looked at. `undefined` is the empty tree. The
 * order of changes does not matter: what is put at a path comes before what is changed below it. Groups on the
 * way are made where there are none, in place of a file too; a group that becomes empty stays. The root keeps
 * its metadata.
 * @throws INVALID when a path is changed twice, or to what no tree may hold
 */
export async function edit(
  objects: TreeSource,
  out: ObjectWriter,
  root: Id | undefined,
  changes: Iterable<Change>,
): Promise<Id> {
  const plan: Plan = { own: undefined, below: new Map() }
  for (const change of changes) addChange(plan, change)
  return editGroup({ nodes: nodesOf(objects), out }, root, plan.below, '')
}

function addChange(root: Plan, change: Change): void {
  const names = splitPath(change.path)
  const { to, path } = change
  if (names.length === 0) throw new QuiltError('INVALID', 'the root of a package is no entry to change')
  if (to !== undefined && to.name !== names.at(-1)) {
    throw new QuiltError('INVALID', `${JSON.stringify(to.name)} cannot stand at ${JSON.stringify(path)}`)
  }
  const problem = to?.type === 'link' ? targetProblem(to.target, names.length - 1) : undefined
  if (problem !== undefined) throw new QuiltError('INVALID', `the link ${JSON.stringify(path)}: ${problem}`)
  let plan = root
  for (const name of names) {
    let next = plan.below.get(name)
    if (next === undefined) plan.below.set(name, (next = { own: undefined, below: new Map() }))
    plan = next
  }
  if (plan.own !== undefined) throw new QuiltError('INVALID', `${JSON.stringify(path)} is changed twice`)
  plan.own = change
}

interface Target {
  readonly nodes: NodeReader
  readonly out: ObjectWriter
}

/** Depth is bounded by the paths', so this may recurse. */
async function editGroup(
  target: Target,
  tree: Id | undefined,
  plans: ReadonlyMap<string, Plan>,
  path: string,
): Promise<Id> {
  const changes: EntryChange[] = []
  for (const [name, plan] of plans) {
    if (plan.below.size === 0) {
      if (plan.own !== undefined) changes.push({ name, entry: plan.own.to })
    } else {
      const old =
        plan.own === undefined && tree !== undefined ? await lookupEntry(target.nodes, tree, name) : undefined
      const entry = await editBelow(target, old ?? plan.own?.to, plan, joinPath(path, name))
      if (entry !== undefined || plan.own !== undefined) changes.push({ name, entry })
    }
  }
  return editEntries(target.nodes, target.out, tree, { changes })
}

/** What `path` stands for, `base`, once what lies below it has changed. */
async function editBelow(
  target: Target,
  base: Entry | undefined,
  plan: Plan,
  path: string,
): Promise<Entry | undefined> {
  if (base?.type === 'group') {
    return { ...base, id: await editGroup(target, base.id, plan.below, path) }
  }
  if (!addsBelow(plan)) return base
  if (plan.own !== undefined && base !== undefined) {
    throw new QuiltError('INVALID', `${JSON.stringify(path)} is to be a ${base.type} with entries below it`)
  }
  const name = path.slice(path.lastIndexOf('/') + 1)
  const group: GroupEntry = { type: 'group', name, id: await editGroup(target, undefined, plan.below, path) }
  return group
}

/** True when something is put below; nothing needs a group to be taken away. */
function addsBelow(plan: Plan): boolean {
  for (const below of plan.below.values()) {
    if (below.own?.to !== undefined || addsBelow(below)) return true
  }
  return false
}
