// A tree in memory: what a commit has, with what was changed since on top. Only what was changed is held.
import { compareText } from '../../core/base/bytes.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { Entry, FileEntry, GroupEntry, LinkEntry, Reading } from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import type { JsonObject } from '../../core/model/metadata.ts'
import { joinPath, splitPath } from '../../core/model/path.ts'
import { entries } from '../../core/tree/entries.ts'
import { entryAt, lookupEntry } from '../../core/tree/lookup.ts'
import { aliasesOf } from '../names/alias.ts'
import type { Opened } from './opened.ts'

/** What stands at a path. */
export type Draft = GroupDraft | KeptDraft | NewDraft

/** A group: that of the commit at `from`, if it is one, with `changes` on top. */
export interface GroupDraft {
  readonly kind: 'group'
  readonly base: { readonly id: Id; readonly from: string } | undefined
  /** By name; `undefined` takes a name away. */
  readonly changes: Map<string, Draft | undefined>
  meta: JsonObject | undefined
}

/** A file or a link that the commit has at `from`. */
export interface KeptDraft {
  readonly kind: 'kept'
  readonly entry: FileEntry | LinkEntry
  readonly from: string
  meta: JsonObject | undefined
}

/** A file that was set. */
export interface NewDraft {
  readonly kind: 'new'
  readonly content: NewContent
  readonly reading: Reading | undefined
  meta: JsonObject | undefined
}

/** Bytes, or a file on this machine; one that holds a table is a Parquet file. */
export type NewContent =
  | { readonly bytes: Uint8Array }
  | { readonly path: string; readonly isTable?: true; readonly executable?: boolean }

/** A draft by its real path. */
export interface FoundDraft {
  readonly path: string
  readonly draft: Draft
}

/** An entry of the commit as a draft. */
function draftOf(entry: Entry, from: string): Draft {
  return entry.type === 'group' ? groupOf(entry, from) : { kind: 'kept', entry, from, meta: entry.meta }
}

function groupOf(entry: GroupEntry, from: string): GroupDraft {
  return { kind: 'group', base: { id: entry.id, from }, changes: new Map(), meta: entry.meta }
}

/** What a draft is called by those who read it, not yet whether it is a table. */
export function typeOfDraft(draft: Draft): 'group' | 'file' | 'link' {
  if (draft.kind === 'group') return 'group'
  return draft.kind === 'kept' ? draft.entry.type : 'file'
}

/**
 * The draft at a path, by real names first, then by aliases; `undefined` where there is none.
 * @throws AMBIGUOUS for an alias of several names; INVALID for an impossible path
 */
export async function findDraft(
  opened: Opened,
  root: GroupDraft,
  path: string,
): Promise<FoundDraft | undefined> {
  let found: FoundDraft = { path: '', draft: root }
  for (const name of splitPath(path)) {
    if (found.draft.kind !== 'group') return undefined
    const child = (await childOf(opened, found.draft, name)) ?? (await childByAlias(opened, found, name))
    if (child === undefined) return undefined
    found = { path: joinPath(found.path, child.name), draft: child.draft }
  }
  return found
}

/** A child and its real name. */
export interface NamedDraft {
  readonly name: string
  readonly draft: Draft
}

async function childOf({ nodes }: Opened, group: GroupDraft, name: string): Promise<NamedDraft | undefined> {
  if (group.changes.has(name)) {
    const draft = group.changes.get(name)
    return draft === undefined ? undefined : { name, draft }
  }
  if (group.base === undefined) return undefined
  const entry = await lookupEntry(nodes, group.base.id, name)
  const from = joinPath(group.base.from, name)
  return entry === undefined
    ? undefined
    : { name, draft: draftOf(entryAt(entry, splitPath(from).length - 1), from) }
}

async function childByAlias(
  opened: Opened,
  { path, draft }: FoundDraft,
  name: string,
): Promise<NamedDraft | undefined> {
  if (draft.kind !== 'group' || !/^[A-Za-z][0-9A-Za-z_]*$/.test(name)) return undefined
  const names = (await aliasNames(opened, draft)).get(name) ?? []
  if (names.length > 1) {
    throw new QuiltError(
      'AMBIGUOUS',
      `"${joinPath(path, name)}" may mean ${names.map((real) => JSON.stringify(real)).join(' or ')}`,
      { hint: 'use the real name' },
    )
  }
  return names[0] === undefined ? undefined : childOf(opened, draft, names[0])
}

/** The aliases in a group, each with the real names that it may mean. */
export async function aliasNames(
  opened: Opened,
  group: GroupDraft,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const all: { name: string; type: Entry['type'] }[] = []
  for await (const { name, draft } of childrenOf(opened, group)) all.push({ name, type: typeOfDraft(draft) })
  return aliasesOf(all)
}

/** A group's children, ascending by name. */
export async function* childrenOf(opened: Opened, group: GroupDraft): AsyncGenerator<NamedDraft> {
  const added = Array.from(group.changes, ([name, draft]) => ({ name, draft }))
    .filter((one): one is NamedDraft => one.draft !== undefined)
    .sort((a, b) => compareText(a.name, b.name))
  let next = 0
  if (group.base !== undefined) {
    const { id, from } = group.base
    for await (const entry of entries(opened.nodes, id, undefined, opened.ctx)) {
      for (
        let one = added[next];
        one !== undefined && compareText(one.name, entry.name) < 0;
        one = added[++next]
      )
        yield one
      if (group.changes.has(entry.name)) continue
      const at = joinPath(from, entry.name)
      yield { name: entry.name, draft: draftOf(entryAt(entry, splitPath(at).length - 1), at) }
    }
  }
  for (; next < added.length; next++) yield added[next] as NamedDraft
}

/**
 * The group at a path, made where there is none, and noted all the way down so that it can be changed.
 * @throws INVALID when a file or a link is in the way
 */
export async function groupToChange(opened: Opened, root: GroupDraft, path: string): Promise<GroupDraft> {
  let group = root
  let at = ''
  for (const asked of splitPath(path)) {
    const found =
      (await childOf(opened, group, asked)) ?? (await childByAlias(opened, { path: at, draft: group }, asked))
    const name = found?.name ?? asked
    at = joinPath(at, name)
    const draft: Draft = found?.draft ?? {
      kind: 'group',
      base: undefined,
      changes: new Map(),
      meta: undefined,
    }
    if (draft.kind !== 'group') {
      throw new QuiltError('INVALID', `"${at}" is a ${typeOfDraft(draft)}, so nothing can lie below it`, {
        hint: 'remove it first, or use another path',
      })
    }
    group.changes.set(name, draft)
    group = draft
  }
  return group
}

/** The real name in a group that a name stands for, itself where there is none. */
export async function realName(
  opened: Opened,
  { path, draft }: FoundDraft & { readonly draft: GroupDraft },
  name: string,
): Promise<string> {
  const found = (await childOf(opened, draft, name)) ?? (await childByAlias(opened, { path, draft }, name))
  return found?.name ?? name
}
