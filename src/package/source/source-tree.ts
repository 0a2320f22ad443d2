// What a build is made from, as a tree: a folder, a build file, one file, or nothing. Builds, checks and comparisons
// take the same way. Preparing finds everything that is wrong, and may fetch; writing runs within a batch, maybe again.
import type { Context } from '../../core/base/context.ts'
import type { ByteSource } from '../../core/base/source.ts'
import type { Commit, Source } from '../../core/model/commit.ts'
import { fileEntry, type Entry } from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import type { JsonObject } from '../../core/model/metadata.ts'
import { isWithin, joinPath, splitPath } from '../../core/model/path.ts'
import type { ObjectReader, ObjectWriter } from '../../core/store/object-store.ts'
import { build as buildTree } from '../../core/tree/build.ts'
import { lookup } from '../../core/tree/lookup.ts'
import { nodeReader } from '../../core/tree/node.ts'
import { sourceBytes } from '../../worktree/named/source-bytes.ts'
import { writeFileBlob } from '../../worktree/read-file.ts'
import { snapshot } from '../../worktree/snapshot.ts'
import type { StatCache } from '../../worktree/stat-cache.ts'
import { storeWithin, type BuildSource } from './build-source.ts'
import type { KnownRecipe } from '../derived.ts'
import type { NodePlace } from '../load/node.ts'
import { prepareDraft } from '../load/write-draft.ts'
import { prepareManifest, type PreparedManifest } from '../manifest/prepare.ts'
import { partReaders, plannedFile } from '../manifest/planned.ts'
import type { Position } from '../manifest/problems.ts'
import { writePlan } from '../manifest/write-tree.ts'
import type { SourceSetting } from './setting.ts'

/** A source that was looked through. */
export interface PreparedSource {
  /** Said to whoever builds. */
  readonly notes: readonly string[]
  /** What its build file says; of another source there is none. */
  readonly manifest: PreparedManifest | undefined
  /** The commit that a tree was loaded from, whose views serve. */
  readonly from?: Commit
  write(target: WriteTarget, ctx?: Context): Promise<SourceTree>
  /** Where what a build file takes of other packages is read from, before it is brought here. */
  readonly parts: readonly ObjectReader[]
  /** What a build file says of the file at a path in the package, and its bytes on disk; of others there is nothing. */
  named(path: string): NamedFile | undefined
}

/** A file that a build file names. */
export interface NamedFile {
  /** As the build file calls it. */
  readonly name: string
  /** Where. */
  readonly at: Position
  readonly bytes: () => ByteSource
}

/** Where a source is written to. */
export interface WriteTarget {
  readonly out: ObjectWriter
  readonly cache: StatCache
}

/** A source, written. */
export interface SourceTree {
  /** For the node at the handle's path; the name of a whole package's is empty. */
  readonly entry: Entry
  readonly files: number
  readonly bytes: number
  /** Names left out by rule. */
  readonly ignored: number
  readonly recipes: ReadonlyMap<Id, KnownRecipe>
  /** Where composed parts came from; paths are in the package. */
  readonly sources: readonly Source[]
}

/**
 * Looks through a source.
 * @throws INVALID listing all that is wrong in a build file; NOT_FOUND, DENIED, UNAVAILABLE
 */
export async function prepareSource(
  source: BuildSource,
  setting: SourceSetting,
  ctx?: Context,
): Promise<PreparedSource> {
  const name = splitPath(setting.at.path).at(-1) ?? ''
  switch (source.kind) {
    case 'nothing':
      return {
        ...withoutManifest,
        write: async ({ out }) => groupTree(name, { ...none, tree: await buildTree(out, []) }),
      }
    case 'tree':
      return loadedTree(setting, source.place, name)
    case 'file':
      return {
        ...withoutManifest,
        write: (target, ctx) => fileTree(setting, source, { ...target, name }, ctx),
      }
    case 'folder':
      return {
        ...withoutManifest,
        write: (target, ctx) => folderTree(setting, source.path, { ...target, name }, ctx),
      }
    case 'manifest': {
      const manifest = await prepareManifest(source, setting, ctx)
      return {
        notes: manifest.notes,
        manifest,
        parts: partReaders(manifest.plan),
        named: (path) => {
          if (!isWithin(path, setting.at.path)) return undefined
          const name = below(path, setting.at.path)
          const file = plannedFile(manifest.plan, name)
          return file === undefined
            ? undefined
            : { name, at: file.at, bytes: () => sourceBytes(setting.session.fs, file.found) }
        },
        write: (target, ctx) => manifestTree(setting, manifest, { ...target, name }, ctx),
      }
    }
  }
}

/** A path in the package as one in the node that is built. */
function below(path: string, at: string): string {
  return at === '' ? path : path.slice(at.length + 1)
}

const none = { files: 0, bytes: 0, ignored: 0, recipes: new Map<Id, KnownRecipe>(), sources: [] }

interface NamedTarget extends WriteTarget {
  readonly name: string
}

/** What there is to say of a source beside its tree, where it has no build file. */
const withoutManifest = { notes: [], manifest: undefined, parts: [], named: () => undefined }

function groupTree(
  name: string,
  {
    tree,
    meta,
    ...rest
  }: Omit<SourceTree, 'entry'> & { readonly tree: Id; readonly meta?: JsonObject | undefined },
): SourceTree {
  return { ...rest, entry: { type: 'group', name, id: tree, ...(meta === undefined ? undefined : { meta }) } }
}

async function loadedTree(
  { session, at, fetch }: SourceSetting,
  place: NodePlace,
  name: string,
): Promise<PreparedSource> {
  const near = (await session.local()).repository.objects
  const depth = splitPath(at.path).length
  const prepared = await prepareDraft(place, { name, depth, near, bring: fetch })
  return {
    ...withoutManifest,
    from: prepared.from,
    write: async ({ out }, ctx) => {
      const made = await prepared.write(out, ctx)
      const sources = made.sources.map((one) => ({
        ...one,
        path: one.path === '' ? at.path : joinPath(at.path, one.path),
      }))
      return { ...made, sources, ignored: 0 }
    },
  }
}

async function fileTree(
  { session }: SourceSetting,
  { path, executable }: Extract<BuildSource, { readonly kind: 'file' }>,
  { out, name }: NamedTarget,
  ctx?: Context,
): Promise<SourceTree> {
  const { blob } = await writeFileBlob(session.fs, path, out, ctx)
  const { id, size, recipe } = blob
  const recipes = new Map(recipe === undefined ? [] : [[id, { id: recipe, size }]])
  return { ...none, entry: fileEntry({ name, id, size, executable }), files: 1, bytes: size, recipes }
}

async function folderTree(
  setting: SourceSetting,
  folder: string,
  { out, cache, name }: NamedTarget,
  ctx?: Context,
): Promise<SourceTree> {
  const { session, at } = setting
  const store = storeWithin(session.fs, folder, (await session.local()).folder)
  const made = await snapshot(
    {
      fs: session.fs,
      folder,
      ...(store === undefined ? undefined : { store }),
      out,
      cache,
      now: () => session.ambient.now(),
      outside: setting.followLinks ? 'follow' : 'refuse',
      depth: splitPath(at.path).length,
      ...executableBits(setting, folder),
    },
    ctx,
  )
  return groupTree(name, { ...made, sources: [] })
}

async function manifestTree(
  setting: SourceSetting,
  { plan, folder, shown }: PreparedManifest,
  { out, cache, name }: NamedTarget,
  ctx?: Context,
): Promise<SourceTree> {
  const { session, at } = setting
  const near = (await session.local()).repository.objects
  const { root } = plan
  const isWhole = at.path === ''
  const target = {
    fs: session.fs,
    out,
    cache,
    now: () => session.ambient.now(),
    near,
    bring: setting.fetch,
    ...executableBits(setting, folder),
  }
  const { tree, ...made } = await writePlan(
    target,
    { root, shown, rootMeta: isWhole ? root.meta : undefined },
    ctx,
  )
  const sources = made.sources.map((one) => ({
    ...one,
    path: one.path === '' ? at.path : joinPath(at.path, one.path),
  }))
  return groupTree(name, {
    ...made,
    ignored: 0,
    tree,
    sources,
    ...(isWhole ? undefined : { meta: root.meta }),
  })
}

/** Where the file system keeps no executable bit, it is that of the same node in `latest`. */
function executableBits(
  { session, objects, commit, at }: SourceSetting,
  folder: string,
): { executable: (path: string) => Promise<boolean> } | undefined {
  if (session.keepsExecutableBit(folder)) return undefined
  const nodes = nodeReader(objects)
  return {
    executable: async (path) => {
      if (commit === undefined) return false
      const known = await lookup(nodes, commit.tree, joinPath(at.path, path))
      return known?.type === 'file' && known.executable === true
    },
  }
}
