// A tree in memory as objects: what was not touched is taken over by its id, what was set is written.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { Commit, Source } from '../../core/model/commit.ts'
import {
  fileEntry,
  targetProblem,
  type Entry,
  type FileEntry,
  type LinkEntry,
} from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import { isWithin, joinPath, splitPath } from '../../core/model/path.ts'
import { reachPart } from '../../core/repo/reach.ts'
import { sendPart } from '../../core/repo/transfer.ts'
import type { ObjectReader, ObjectWriter, StoredBlob } from '../../core/store/object-store.ts'
import { editEntries } from '../../core/tree/edit-entries.ts'
import { walk } from '../../core/tree/walk.ts'
import { writeFileBlob } from '../../worktree/read-file.ts'
import type { KnownRecipe } from '../derived.ts'
import {
  childrenOf,
  findDraft,
  typeOfDraft,
  type Draft,
  type GroupDraft,
  type KeptDraft,
  type NewDraft,
} from './draft.ts'
import { needContent, type LoadedTree, type NodePlace } from './node.ts'
import type { Opened } from './opened.ts'

/** Where a tree is built. */
export interface DraftSetting {
  /** The node's name there; '' for a whole package. */
  readonly name: string
  /** Groups above what is in the node. */
  readonly depth: number
  readonly near: ObjectReader
  /** False in a dry run: what is not here stays away. */
  readonly bring: boolean
}

/** A tree that was written. */
export interface WrittenDraft {
  readonly entry: Entry
  readonly files: number
  readonly bytes: number
  readonly recipes: ReadonlyMap<Id, KnownRecipe>
  readonly sources: readonly Source[]
}

/** A tree that can be written, any number of times. */
export interface PreparedDraft {
  /** The commit that it was loaded from. */
  readonly from: Commit
  write(out: ObjectWriter, ctx?: Context): Promise<WrittenDraft>
}

/**
 * Makes a tree ready: what of it is not on this machine comes from the origin.
 * @throws INVALID for a node that cannot be built so, or links that would leave the package; UNAVAILABLE
 */
export async function prepareDraft(place: NodePlace, setting: DraftSetting): Promise<PreparedDraft> {
  const { tree } = place
  const { opened } = tree
  const { path, draft, table } = await needContent(place)
  if (table !== undefined || (setting.name === '' && draft.kind !== 'group')) {
    const is = table === undefined ? typeOfDraft(draft) : 'table in a file'
    throw new QuiltError(
      'INVALID',
      `"${path}" is a ${is}: ${setting.name === '' ? 'a package is built of a group' : 'build its file'}`,
    )
  }
  if (setting.bring) for (const one of keptIn(draft)) await opened.bring(one.from)
  await checkGroup(opened, draft, setting.depth)
  return {
    from: opened.revision.commit,
    write: async (out, ctx) => {
      const run: Writing = { opened, setting, out, recipes: new Map(), ctx, files: 0, bytes: 0 }
      await takeKept(run, draft)
      const entry = await entryOf(run, draft, setting.name)
      const { files, bytes, recipes } = run
      return { entry, files, bytes, recipes, sources: await keptSources(tree, path) }
    },
  }
}

interface Writing {
  readonly opened: Opened
  readonly setting: DraftSetting
  readonly out: ObjectWriter
  readonly recipes: Map<Id, KnownRecipe>
  readonly ctx: Context | undefined
  files: number
  bytes: number
}

/** What a draft has of the commit: whole groups, and what lies outside of them by itself. */
function* keptIn(
  draft: Draft,
  covered?: string,
): Generator<{ readonly entry: Entry; readonly from: string }> {
  const own = keptSelf(draft)
  if (own !== undefined && (covered === undefined || !isWithin(own.from, covered))) yield own
  if (draft.kind !== 'group') return
  for (const one of draft.changes.values())
    if (one !== undefined) yield* keptIn(one, draft.base?.from ?? covered)
}

function keptSelf(draft: Draft): { readonly entry: Entry; readonly from: string } | undefined {
  if (draft.kind === 'kept') return draft
  if (draft.kind === 'new' || draft.base === undefined) return undefined
  return { entry: { type: 'group', name: 'group', id: draft.base.id }, from: draft.base.from }
}

/**
 * Refuses links that would leave the package from where they are now, and two nodes that are exported as one.
 * Groups nest at most 512 deep, so this may recurse.
 */
async function checkGroup(opened: Opened, draft: Draft, depth: number): Promise<void> {
  if (draft.kind === 'kept' && draft.entry.type === 'link') {
    const problem = targetProblem(draft.entry.target, Math.max(0, depth - 1))
    if (problem !== undefined)
      throw new QuiltError('INVALID', `the link "${draft.from}" cannot be kept there: ${problem}`)
  }
  if (draft.kind !== 'group') return
  const { base, changes } = draft
  if (base !== undefined && splitPath(base.from).length > depth) await checkLinks(opened, base, depth)
  if (changes.size === 0) return
  const exported = new Map<string, string>()
  for await (const { name, draft: child } of childrenOf(opened, draft)) {
    const as = child.kind === 'kept' && child.entry.type === 'file' ? (child.entry.source ?? name) : name
    const other = exported.get(as)
    if (other !== undefined) {
      throw new QuiltError('INVALID', `"${other}" and "${name}" are both exported as "${as}"`, {
        hint: 'give one of them another name, or put it into a group',
      })
    }
    exported.set(as, name)
  }
  for (const child of changes.values()) if (child !== undefined) await checkGroup(opened, child, depth + 1)
}

async function checkLinks(
  { nodes, ctx }: Opened,
  { id, from }: { readonly id: Id; readonly from: string },
  depth: number,
): Promise<void> {
  for await (const { path, entry } of walk(nodes, id, ctx, splitPath(from).length)) {
    if (entry.type !== 'link') continue
    const problem = targetProblem(entry.target, depth + splitPath(path).length - 1)
    if (problem !== undefined)
      throw new QuiltError('INVALID', `the link "${joinPath(from, path)}" cannot be kept there: ${problem}`)
  }
}

/** Sees to it that what is taken over is in the store, and stays; notes the recipes of what is kept in chunks. */
async function takeKept({ opened, setting, out, recipes, ctx }: Writing, draft: Draft): Promise<void> {
  const { revision, nodes } = opened
  const { commit } = revision
  if (!setting.bring) return
  const ends = { from: revision.store.repository.objects, out, near: setting.near, task: 'receive' as const }
  for (const { entry, from } of keptIn(draft)) {
    if (entry.type === 'link') continue
    const part = { entry, derived: commit.derived, depth: splitPath(from).length }
    for (const [id, recipe] of await sendPart(ends, reachPart(nodes, part, ctx), ctx)) recipes.set(id, recipe)
  }
}

async function entryOf(run: Writing, draft: Draft, name: string): Promise<Entry> {
  const meta = draft.meta === undefined ? undefined : { meta: draft.meta }
  switch (draft.kind) {
    case 'kept':
      return { ...keptEntry(run, draft), name, ...meta }
    case 'new':
      return { ...(await newEntry(run, draft, name)), ...meta }
    case 'group': {
      const isWhole = name === '' && run.setting.name === ''
      const id = await writeGroup(run, draft, isWhole ? (draft.meta ?? {}) : undefined)
      return { type: 'group', name, id, ...(isWhole ? undefined : meta) }
    }
  }
}

function keptEntry(run: Writing, { entry }: KeptDraft): FileEntry | LinkEntry {
  const { meta: _, ...rest } = entry
  if (entry.type === 'file') {
    run.files++
    run.bytes += entry.size
  }
  return rest
}

/** Groups nest at most 512 deep, so this may recurse. */
async function writeGroup(run: Writing, group: GroupDraft, meta: Entry['meta']): Promise<Id> {
  const { opened, out } = run
  const { base, changes } = group
  const edits: { name: string; entry: Entry | undefined }[] = []
  for (const [name, draft] of changes)
    if (draft !== undefined) edits.push({ name, entry: await entryOf(run, draft, name) })
    else if (base !== undefined) edits.push({ name, entry: undefined })
  if (base !== undefined) await countKept(run, base, changes)
  // A package's own metadata lies in the root of its tree, and has no place in that of a group.
  const own = meta ?? (base?.from === '' ? {} : undefined)
  return editEntries(opened.nodes, out, base?.id, {
    changes: edits,
    ...(own === undefined ? undefined : { meta: own }),
  })
}

async function countKept(
  run: Writing,
  { id, from }: NonNullable<GroupDraft['base']>,
  changes: GroupDraft['changes'],
): Promise<void> {
  for await (const { path, entry } of walk(run.opened.nodes, id, run.ctx, splitPath(from).length)) {
    const slash = path.indexOf('/')
    if (entry.type !== 'file' || changes.has(slash < 0 ? path : path.slice(0, slash))) continue
    run.files++
    run.bytes += entry.size
  }
}

async function newEntry(run: Writing, { content, reading }: NewDraft, name: string): Promise<FileEntry> {
  const { session } = run.opened
  let blob: StoredBlob
  if ('bytes' in content) blob = await run.out.writeBlob(content.bytes, run.ctx)
  else if (content.isTable === true)
    blob = await run.out.writeBlob(session.tables.bytesAt(content.path), run.ctx)
  else blob = (await writeFileBlob(session.fs, content.path, run.out, run.ctx)).blob
  const { id, size, recipe } = blob
  if (recipe !== undefined) run.recipes.set(id, { id: recipe, size })
  run.files++
  run.bytes += size
  const executable = 'path' in content && content.executable
  return fileEntry({ name, id, size, executable, reading })
}

/** Where composed parts came from that are as they were. */
async function keptSources({ opened, root, at }: LoadedTree, path: string): Promise<readonly Source[]> {
  const kept: Source[] = []
  for (const source of opened.revision.commit.sources ?? []) {
    const base = joinPath(at, path)
    if (!isWithin(source.path, base)) continue
    const below = base === '' ? source.path : source.path.slice(base.length + 1)
    const draft = (await findDraft(opened, root, below === '' ? path : joinPath(path, below)))?.draft
    const from = draft?.kind === 'group' ? draft.base?.from : draft?.kind === 'kept' ? draft.from : undefined
    const isSame = from === source.path && (draft?.kind !== 'group' || draft.changes.size === 0)
    if (isSame) kept.push({ ...source, path: below })
  }
  return kept
}
