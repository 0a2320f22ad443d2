// A manifest and what lies on disk and in the store, as the tree that is to be built. Nothing is read yet but
// metadata's files; everything that is wrong is found here.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError } from '../../core/base/error.ts'
import type { Entry, Reading } from '../../core/model/entry.ts'
import { nameProblem } from '../../core/model/entry.ts'
import type { JsonObject } from '../../core/model/metadata.ts'
import { joinPath } from '../../core/model/path.ts'
import { matchFiles, type MatchedFile } from '../../worktree/named/glob.ts'
import { locate, type SourceRoot } from '../../worktree/named/place.ts'
import type {
  Manifest,
  ManifestFile,
  ManifestGlob,
  ManifestGroup,
  ManifestMeta,
  ManifestNode,
  ManifestPackage,
} from '../manifest.ts'
import type { ComposedPart } from './compose.ts'
import { exportClashes } from './export-clash.ts'
import { readMetaFile } from './meta-file.ts'
import type { CheckedFile, Plan, PlannedFile, PlannedGroup, PlannedNode, PlannedPart } from './planned.ts'
import { quoted, type Problems } from './problems.ts'

/** What a plan is made with. */
export interface PlanSetting {
  readonly root: SourceRoot
  readonly problems: Problems
  /** Finds what a handle names; `undefined` after telling why there is nothing. */
  readonly compose: (
    node: ManifestPackage,
    place: { path: string; depth: number },
  ) => Promise<ComposedPart | undefined>
  /** Groups above the contents in their package. */
  readonly depth: number
}

interface Planning extends PlanSetting {
  readonly notes: string[]
  readonly checked: CheckedFile[]
  readonly ctx: Context | undefined
}

/**
 * Finds every source of a manifest. All that is wrong is added to the problems: check these before the plan is used.
 * @throws DENIED, UNAVAILABLE, CORRUPT for what is no fault of the build file
 */
export async function planTree(
  manifest: Manifest,
  setting: PlanSetting,
  ctx?: Context,
): Promise<Plan | undefined> {
  const run: Planning = { ...setting, notes: [], checked: [], ctx }
  const { contents } = manifest
  const root =
    contents.kind === 'group'
      ? await planGroup(run, contents, '', run.depth)
      : await planPart(run, contents, { name: '', path: '', depth: run.depth })
  if (root === undefined) return undefined
  if (root.kind === 'part' && root.part.entry.type !== 'group') {
    run.problems.add(contents.at, 'the whole of a package is a group: give the node a name below "contents"')
  }
  return { root, checked: run.checked, notes: run.notes }
}

/** Depth was bounded when the build file was read, so these may recurse. */
async function planGroup(
  run: Planning,
  group: ManifestGroup,
  path: string,
  depth: number,
): Promise<PlannedGroup> {
  const children = new Map<string, PlannedNode>()
  for (const [name, node] of group.children) {
    if (node.kind === 'glob') await planGlob(run, node, { children, path })
    else {
      const planned = await planNode(run, node, { name, path: joinPath(path, name), depth: depth + 1 })
      if (planned !== undefined) addPlanned(run, children, name, planned)
    }
  }
  for (const { at, message } of exportClashes(children)) run.problems.add(at, message)
  return { kind: 'group', at: group.at, children, ...(await metaOf(run, group.meta)) }
}

interface NodePlace {
  readonly name: string
  readonly path: string
  readonly depth: number
}

async function planNode(
  run: Planning,
  node: Exclude<ManifestNode, ManifestGlob>,
  { name, path, depth }: NodePlace,
): Promise<PlannedNode | undefined> {
  switch (node.kind) {
    case 'group':
      return planGroup(run, node, path, depth)
    case 'file':
      return planFile(run, node, name, path)
    case 'package':
      return planPart(run, node, { name, path, depth })
    case 'link':
      return { kind: 'link', at: node.at, target: node.target, ...(await metaOf(run, node.meta)) }
  }
}

async function planFile(
  run: Planning,
  node: ManifestFile,
  name: string,
  path: string,
): Promise<PlannedFile | undefined> {
  const located = locate(run.root, node.path)
  const meta = await metaOf(run, node.meta)
  if ('problem' in located) {
    run.problems.add(node.pathAt, located.problem)
    return undefined
  }
  const base = node.path.replace(/\/+$/, '').split('/').at(-1) ?? ''
  noteChecks(run, node, path)
  return {
    kind: 'file',
    at: node.at,
    found: located,
    ...readingOf(node),
    ...meta,
    ...(base === name || nameProblem(base) !== undefined ? undefined : { source: base }),
  }
}

function readingOf({ reading }: { readonly reading?: Reading }): { readonly reading?: Reading } {
  return reading === undefined ? {} : { reading }
}

function noteChecks(run: Planning, { checks }: ManifestFile | ManifestGlob, path: string): void {
  if (checks.length > 0) run.checked.push({ path, checks })
}

async function planPart(
  run: Planning,
  node: ManifestPackage,
  { name, path, depth }: NodePlace,
): Promise<PlannedPart | undefined> {
  const part = await run.compose(node, { path, depth })
  const meta = await metaOf(run, node.meta)
  if (part === undefined) return undefined
  return {
    kind: 'part',
    at: node.at,
    part,
    ...sourceOf(part.entry, name),
    ...(meta.meta === undefined ? partMeta(part) : meta),
  }
}

/** A file that is renamed on the way keeps the base name that its own source had. */
function sourceOf(entry: Entry, name: string): { readonly source?: string } {
  const base = entry.type === 'file' ? (entry.source ?? entry.name) : name
  return base === name ? {} : { source: base }
}

function partMeta({ meta }: ComposedPart): { readonly meta?: JsonObject } {
  return meta === undefined ? {} : { meta }
}

/** Adds a node for each file that a pattern matches, under its real name. */
async function planGlob(
  run: Planning,
  node: ManifestGlob,
  { children, path }: { readonly children: Map<string, PlannedNode>; readonly path: string },
): Promise<void> {
  const meta = await metaOf(run, node.meta)
  let matched: readonly MatchedFile[]
  try {
    matched = await matchFiles(run.root, node.pattern, run.ctx)
  } catch (error) {
    if (!isQuiltError(error, 'INVALID')) throw error
    run.problems.add(node.at, error.message)
    return
  }
  const { line, column } = node.at
  const place = `${run.problems.file}:${String(line)}:${String(column)}`
  if (matched.length === 0) run.notes.push(`${place}: no file matches ${quoted(node.pattern)}`)
  for (const { name, file } of ownNames(matched)) {
    const problem = nameProblem(name)
    if (problem !== undefined) {
      run.problems.add(node.at, `${quoted(file.path)} cannot be kept: ${problem}`)
      continue
    }
    noteChecks(run, node, joinPath(path, name))
    addPlanned(run, children, name, { kind: 'file', at: node.at, found: file, ...readingOf(node), ...meta })
  }
}

/** Each file's real name, with `_2`, `_3` before the extension where one was met before. */
function ownNames(
  files: readonly MatchedFile[],
): readonly { readonly name: string; readonly file: MatchedFile }[] {
  const taken = new Set(files.map(({ name }) => name))
  const met = new Map<string, number>()
  return files.map((file) => {
    const count = (met.get(file.name) ?? 0) + 1
    met.set(file.name, count)
    if (count === 1) return { name: file.name, file }
    let number = count
    while (taken.has(numbered(file.name, number))) number++
    met.set(file.name, number)
    const name = numbered(file.name, number)
    taken.add(name)
    return { name, file }
  })
}

function numbered(name: string, number: number): string {
  const dot = name.lastIndexOf('.')
  const end = dot <= 0 ? name.length : dot
  return `${name.slice(0, end)}_${String(number)}${name.slice(end)}`
}

function addPlanned(
  run: Planning,
  children: Map<string, PlannedNode>,
  name: string,
  node: PlannedNode,
): void {
  const known = children.get(name)
  if (known === undefined) children.set(name, node)
  else
    run.problems.add(node.at, `the name ${quoted(name)} is taken already, by line ${String(known.at.line)}`)
}

async function metaOf(
  run: Planning,
  meta: ManifestMeta | undefined,
): Promise<{ readonly meta?: JsonObject }> {
  if (meta === undefined) return {}
  const value = meta.kind === 'said' ? meta.value : readMetaFile(run.root, meta, run.problems)
  return value === undefined ? {} : { meta: value }
}
