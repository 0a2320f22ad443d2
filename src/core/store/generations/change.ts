// What a change makes of a package's state: pure. Refuses what the state does not allow.
import { compareText } from '../../base/bytes.ts'
import { QuiltError } from '../../base/error.ts'
import type { Generation } from '../../codec/generation.ts'
import { pathsOf, type Extent } from '../../model/extent.ts'
import type { Id } from '../../model/id.ts'
import { formatPackageName, type PackageName } from '../../model/package-name.ts'
import { parseRefName, type RefName } from '../../model/ref-name.ts'
import type { ReadGeneration } from './chain.ts'
import type { PackageState, RefChange, RefEdit, RefRecord } from '../ref-store.ts'

/** A change as it is asked for, with who asks, and a name that nobody else has. */
export interface Asked {
  readonly pkg: PackageName
  readonly record: RefRecord
  readonly nonce: string
}

/** A state without whose and which it is. */
type Contents = Omit<PackageState, 'pkg' | 'generation'>

/** The state that a generation says; `undefined` once the package is deleted. */
export function stateOf(generation: Generation): PackageState | undefined {
  if (generation.deleted) return undefined
  const { pkg, number, refs, partial, shallow, origin } = generation
  return { pkg, generation: number, refs, partial, shallow, ...(origin === undefined ? {} : { origin }) }
}

/**
 * The generation after `read` that a change makes; `undefined` when it changes nothing.
 * @throws CONFLICT for a ref that is not at its `from`; INVALID for a ref named twice; NOT_FOUND when nothing is
 * asked of a package that does not exist
 */
export function nextGeneration(
  read: ReadGeneration | undefined,
  change: RefChange,
  asked: Asked,
): Generation | undefined {
  const state = read && stateOf(read.generation)
  const old = state ?? nothing
  const edits = checkEdits(old, change.edits, asked.pkg)
  const partial = changedExtents(old.partial, change.extents ?? new Map())
  const shallow = changedShallow(old.shallow, change.shallow ?? new Map())
  const origin = change.origin ?? old.origin
  if (edits.length === 0 && partial === old.partial && shallow === old.shallow && origin === old.origin) {
    if (state === undefined) throw noPackage(asked.pkg)
    return undefined
  }
  return {
    ...following(read, asked),
    refs: changedRefs(old.refs, edits),
    partial,
    shallow,
    ...(origin === undefined ? {} : { origin }),
    deleted: false,
    move: { ...asked.record, edits },
  }
}

/**
 * The generation after `read` that deletes the package. Its log says of every ref that it went.
 * @throws NOT_FOUND when there is none
 */
export function lastGeneration(read: ReadGeneration | undefined, asked: Asked): Generation {
  const state = read && stateOf(read.generation)
  if (state === undefined) throw noPackage(asked.pkg)
  const edits = [...state.refs].map(([name, from]) => ({ name, from, to: undefined }))
  return {
    ...following(read, asked),
    pkg: state.pkg,
    refs: new Map(),
    partial: new Map(),
    shallow: new Set(),
    deleted: true,
    move: { ...asked.record, edits: edits.sort((a, b) => compareText(a.name, b.name)) },
  }
}

/** What a package has before its first move. */
const nothing: Contents = { refs: new Map(), partial: new Map(), shallow: new Set() }

function noPackage(pkg: PackageName): QuiltError {
  return new QuiltError('NOT_FOUND', `no package ${formatPackageName(pkg)}`)
}

function following(
  read: ReadGeneration | undefined,
  asked: Asked,
): Pick<Generation, 'pkg' | 'number' | 'previous' | 'nonce'> {
  const link = read === undefined ? { number: 1 } : { number: read.generation.number + 1, previous: read.id }
  return { pkg: asked.pkg, nonce: asked.nonce, ...link }
}

/** The edits that change something, ascending by name, once all are known to start from where they say. */
function checkEdits(old: Contents, edits: readonly RefEdit[], pkg: PackageName): readonly RefEdit[] {
  const names = new Set<RefName>()
  for (const { name, from } of edits) {
    if (names.has(parseRefName(name))) throw new QuiltError('INVALID', `the ref "${name}" is edited twice`)
    names.add(name)
    const at = old.refs.get(name)
    if (at === from) continue
    const found = at === undefined ? 'is not there' : `is at ${at}`
    const expected = from === undefined ? 'to be new' : `at ${from}`
    throw new QuiltError('CONFLICT', `${name} of ${formatPackageName(pkg)} ${found}, expected ${expected}`, {
      hint: 'someone else moved it: look at the log, then try again',
    })
  }
  return edits
    .filter((edit) => edit.from !== edit.to)
    .map(({ name, from, to }) => ({ name, from, to }))
    .sort((a, b) => compareText(a.name, b.name))
}

function changedRefs(refs: ReadonlyMap<RefName, Id>, edits: readonly RefEdit[]): ReadonlyMap<RefName, Id> {
  const changed = new Map(refs)
  for (const { name, to } of edits) {
    if (to === undefined) changed.delete(name)
    else changed.set(name, to)
  }
  return changed
}

/** The very same map when nothing changes; so below. */
function changedExtents(
  partial: ReadonlyMap<Id, Extent>,
  extents: ReadonlyMap<Id, Extent | 'all'>,
): ReadonlyMap<Id, Extent> {
  const changed = new Map(partial)
  let differs = false
  for (const [id, asked] of extents) {
    const extent = asked === 'all' ? asked : inOneForm(asked)
    if (sameExtent(changed.get(id) ?? 'all', extent)) continue
    differs = true
    if (extent === 'all') changed.delete(id)
    else changed.set(id, extent)
  }
  return differs ? changed : partial
}

function inOneForm(extent: Extent): Extent {
  if (typeof extent === 'string') return extent
  const paths = [...new Set(pathsOf(extent))].sort(compareText)
  // The whole package is no part of it.
  if ('only' in extent && !paths.includes('')) return paths.length === 0 ? 'commit' : { only: paths }
  return paths.length === 0 ? 'meta' : paths
}

function sameExtent(a: Extent | 'all', b: Extent | 'all'): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b
  if ('only' in a !== 'only' in b) return false
  const [one, other] = [pathsOf(a), pathsOf(b)]
  return one.length === other.length && one.every((path, i) => path === other[i])
}

function changedShallow(shallow: ReadonlySet<Id>, changes: ReadonlyMap<Id, boolean>): ReadonlySet<Id> {
  const changed = new Set(shallow)
  let differs = false
  for (const [id, cut] of changes) {
    if (changed.has(id) === cut) continue
    differs = true
    if (cut) changed.add(id)
    else changed.delete(id)
  }
  return differs ? changed : shallow
}
