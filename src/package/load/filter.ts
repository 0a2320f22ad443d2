// A tree with only some of a group's nodes: what is kept keeps all below it, and the groups above it.
import { joinPath } from '../../core/model/path.ts'
import type { Json, JsonObject } from '../../core/model/metadata.ts'
import { childrenOf, type Draft, type GroupDraft } from './draft.ts'
import type { NodeQuery } from './node-types.ts'
import type { Opened } from './opened.ts'

/** Says whether a node at a path below the group is kept; its name is '' for the group itself. */
export type KeepDraft = (draft: Draft, name: string, path: string) => boolean | Promise<boolean>

/** What is left of a group; its own draft is not shared, so that either can be changed. */
export async function filterGroup(opened: Opened, group: GroupDraft, keep: KeepDraft): Promise<GroupDraft> {
  if (await keep(group, '', '')) return copyOf(group)
  return (await keptBelow(opened, group, { keep, path: '' })) ?? emptied(group)
}

function emptied({ meta }: GroupDraft): GroupDraft {
  return { kind: 'group', base: undefined, changes: new Map(), meta }
}

/** Groups nest at most 512 deep, so this may recurse. */
async function keptBelow(
  opened: Opened,
  group: GroupDraft,
  { keep, path }: { readonly keep: KeepDraft; readonly path: string },
): Promise<GroupDraft | undefined> {
  const kept = emptied(group)
  for await (const { name, draft } of childrenOf(opened, group)) {
    const at = joinPath(path, name)
    if (await keep(draft, name, at))
      kept.changes.set(name, draft.kind === 'group' ? copyOf(draft) : { ...draft })
    else if (draft.kind === 'group') {
      const below = await keptBelow(opened, draft, { keep, path: at })
      if (below !== undefined) kept.changes.set(name, below)
    }
  }
  return kept.changes.size === 0 ? undefined : kept
}

/** The group again, with changes of its own. */
export function copyOf(group: GroupDraft): GroupDraft {
  const changes = Array.from(group.changes, ([name, draft]): [string, Draft | undefined] => [
    name,
    draft?.kind === 'group' ? copyOf(draft) : draft && { ...draft },
  ])
  return { ...group, changes: new Map(changes) }
}

/** True when a node is as a query says. */
export function matches({ meta }: Draft, name: string, query: NodeQuery): boolean {
  if (query.name !== undefined && query.name !== name) return false
  return query.meta === undefined || holds(meta ?? {}, query.meta)
}

/** True when all of `part` stands in `whole`; of lists and of what is no object, all must be the same. */
function holds(whole: Json | undefined, part: Json): boolean {
  if (isObject(part)) {
    return (
      isObject(whole) &&
      Object.entries(part).every(([key, value]) => Object.hasOwn(whole, key) && holds(whole[key], value))
    )
  }
  if (Array.isArray(part)) {
    return (
      Array.isArray(whole) &&
      whole.length === part.length &&
      part.every((one: Json, i) => same(whole[i] as Json, one))
    )
  }
  return whole === part
}

function same(a: Json, b: Json): boolean {
  return holds(a, b) && holds(b, a)
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
