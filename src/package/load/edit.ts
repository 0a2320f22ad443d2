// Changes of a tree in memory: what is set, taken away, renamed. The store learns of it when the tree is built.
import { QuiltError } from '../../core/base/error.ts'
import { checkName } from '../../core/model/entry.ts'
import { checkMetadata, type JsonObject } from '../../core/model/metadata.ts'
import { isWithin } from '../../core/model/path.ts'
import { findDraft, groupToChange, realName, type Draft, type GroupDraft } from './draft.ts'
import type { NodeValue, SetOptions } from './node-types.ts'
import type { Opened } from './opened.ts'
import { draftOfValue } from './values.ts'

/** What to set, and where: a path of the tree. */
export interface NodeSetting {
  readonly path: string
  readonly value: NodeValue
  readonly options: SetOptions
}

/**
 * Puts a value at a path; groups above it are made. What was there goes, its metadata stays unless other is given.
 * @throws INVALID for an impossible name or value; NOT_FOUND, DENIED for a path that cannot be read
 */
export async function setNode(
  opened: Opened,
  root: GroupDraft,
  { path, value, options }: NodeSetting,
): Promise<void> {
  const { folder, name: asked } = cut(path)
  checkName(asked)
  if (options.meta !== undefined) checkMetadata(options.meta, 'the metadata')
  const above = await findDraft(opened, root, folder)
  const name =
    above?.draft.kind === 'group'
      ? await realName(opened, { path: above.path, draft: above.draft }, asked)
      : asked
  const old = (await findDraft(opened, root, path))?.draft
  const draft = await draftOfValue(opened, { name, value, options })
  const group = await groupToChange(opened, root, folder)
  group.changes.set(name, { ...draft, meta: given(options.meta ?? old?.meta) })
}

/** Takes the node at a real path away. */
export async function removeNode(opened: Opened, root: GroupDraft, path: string): Promise<void> {
  const { folder, name } = cut(path)
  if (name === '') throw new QuiltError('INVALID', 'the whole package cannot be removed from itself')
  ;(await groupToChange(opened, root, folder)).changes.set(name, undefined)
}

/**
 * Moves the node at a real path; its bytes, metadata and how it is read stay.
 * @throws CONFLICT when something is there; INVALID for a group into itself
 */
export async function renameNode(
  opened: Opened,
  root: GroupDraft,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  const { folder, name } = cut(to)
  checkName(name)
  const draft = (await findDraft(opened, root, from))?.draft as Draft
  if (isWithin(to, from) && to !== from)
    throw new QuiltError('INVALID', `"${from}" cannot be moved into itself`)
  const there = await findDraft(opened, root, folder)
  if (there?.draft.kind === 'group') {
    const real = await realName(opened, { path: there.path, draft: there.draft }, name)
    const isTaken = real === name && (await findDraft(opened, root, to)) !== undefined
    if (isTaken) throw new QuiltError('CONFLICT', `there is "${to}" already`, { hint: 'remove it first' })
  }
  const group = await groupToChange(opened, root, folder)
  await removeNode(opened, root, from)
  group.changes.set(name, draft)
}

/**
 * Gives the node at a real path other metadata; `{}` takes it away.
 * @throws INVALID for what is no JSON object
 */
export async function setMeta(
  opened: Opened,
  root: GroupDraft,
  { path, meta }: { readonly path: string; readonly meta: JsonObject },
): Promise<void> {
  checkMetadata(meta, 'the metadata')
  if (path === '') {
    root.meta = given(meta)
    return
  }
  const { folder, name } = cut(path)
  const draft = (await findDraft(opened, root, path))?.draft as Draft
  ;(await groupToChange(opened, root, folder)).changes.set(name, { ...draft, meta: given(meta) })
}

function given(meta: JsonObject | undefined): JsonObject | undefined {
  return meta === undefined || Object.keys(meta).length === 0 ? undefined : structuredClone(meta)
}

function cut(path: string): { readonly folder: string; readonly name: string } {
  const slash = path.lastIndexOf('/')
  return { folder: path.slice(0, Math.max(slash, 0)), name: path.slice(slash + 1) }
}
