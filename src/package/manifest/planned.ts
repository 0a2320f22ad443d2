// The tree that is to be built, as a value: what was found for each node of a build file.
import type { Reading } from '../../core/model/entry.ts'
import type { JsonObject } from '../../core/model/metadata.ts'
import type { ObjectReader } from '../../core/store/object-store.ts'
import type { FoundSource } from '../../worktree/named/place.ts'
import type { NamedCheck } from '../manifest.ts'
import type { ComposedPart } from './compose.ts'
import type { Position } from './problems.ts'

/** A node that is to be built. */
export type PlannedNode = PlannedGroup | PlannedFile | PlannedPart | PlannedLink

interface Planned {
  readonly at: Position
  readonly meta?: JsonObject
}

/** A group and what is in it, by name. */
export interface PlannedGroup extends Planned {
  readonly kind: 'group'
  readonly children: ReadonlyMap<string, PlannedNode>
}

/** A file on disk. */
export interface PlannedFile extends Planned {
  readonly kind: 'file'
  readonly found: FoundSource
  readonly reading?: Reading
  /** The base name of its source, where that is not the node's own name. */
  readonly source?: string
}

/** What another package brings. */
export interface PlannedPart extends Planned {
  readonly kind: 'part'
  readonly part: ComposedPart
  readonly source?: string
}

/** A symbolic link. */
export interface PlannedLink extends Planned {
  readonly kind: 'link'
  readonly target: string
}

/** A file and the checks that it names; its path is below the build file's contents. */
export interface CheckedFile {
  readonly path: string
  readonly checks: readonly NamedCheck[]
}

/** A tree to be built. */
export interface Plan {
  readonly root: PlannedGroup | PlannedPart
  /** The files that name checks. */
  readonly checked: readonly CheckedFile[]
  /** What a person should know, and no build fails for. */
  readonly notes: readonly string[]
}

/** The file on disk that becomes the node at a path; `undefined` where the node is no such file. */
export function plannedFile({ root }: Plan, path: string): PlannedFile | undefined {
  let node: PlannedNode | undefined = root
  for (const name of path.split('/')) node = node?.kind === 'group' ? node.children.get(name) : undefined
  return node?.kind === 'file' ? node : undefined
}

/** What the objects of a plan's parts of other packages are read from, each once. */
export function partReaders({ root }: Plan): readonly ObjectReader[] {
  const readers = new Set<ObjectReader>()
  const open: PlannedNode[] = [root]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === 'part') readers.add(node.part.objects)
    else if (node.kind === 'group') for (const child of node.children.values()) open.push(child)
  }
  return [...readers]
}
