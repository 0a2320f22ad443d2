// export: a package's files, byte by byte as they went in, below a folder.
import type { Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import { chunkThreshold } from '../core/chunk/fastcdc.ts'
import type { FileEntry } from '../core/model/entry.ts'
import type { Id } from '../core/model/id.ts'
import { promised } from '../core/store/promised.ts'
import { lookup, lookupDerived } from '../core/tree/lookup.ts'
import { nodeReader, type NodeReader } from '../core/tree/node.ts'
import { joinPath } from '../core/model/path.ts'
import type { ResultFormat } from '../table/query.ts'
import { checkout, type CheckedOut } from '../worktree/checkout.ts'
import type { CheckoutItems, CheckoutTarget } from '../worktree/checkout-target.ts'
import { plainFiles } from '../worktree/plain-files.ts'
import { writeFiles, type FilesTarget } from './exchange/export-files.ts'
import { withBytes, withTrees } from './exchange/bring.ts'
import {
  describeRevision,
  handleWith,
  needRevision,
  type InstalledRevision,
  type RevisionOptions,
} from './names/installed.ts'
import { exported, exportedName, type Exported } from './names/exported.ts'
import { needNode } from './names/nodes.ts'
import type { Session } from './session.ts'
import { convertedItems, withConverted } from './tables/converted-items.ts'

/** How to export. */
export interface ExportOptions extends RevisionOptions {
  /** Replace files that exist. */
  readonly force?: boolean | undefined
  /** Make symbolic links into the store instead of copies. */
  readonly symlinks?: boolean | undefined
  /** Write tables in this format; other files, and tables that have it, as they are. */
  readonly format?: ResultFormat | undefined
  /** Partition every table by these columns, in Hive's layout; with `format: 'parquet'` alone. */
  readonly partitionBy?: readonly string[] | undefined
}

/** What to export, and where to: a folder or an address such as s3://bucket/folder; the working directory unless told. */
export interface ExportTarget {
  readonly handle: string
  readonly destination?: string | undefined
}

/** What was exported, and where to: an absolute path, or an address. */
export interface ExportResult {
  readonly destination: string
  readonly files: number
  readonly bytes: number
}

/**
 * Writes a package's files, or those at a path, below a folder; each keeps its path in the package, and a file that a
 * build file renamed has its source's name. Files that are not on this machine are brought from the origin first.
 * @throws CONFLICT naming what is in the way; NOT_FOUND, INVALID, CORRUPT, UNAVAILABLE. Then nothing is written.
 * @example await exportPackage(session, { handle: 'ada/wine@1.0', destination: './wine' })
 */
export async function exportPackage(
  session: Session,
  { handle, destination = '.' }: ExportTarget,
  options: ExportOptions = {},
  ctx?: Context,
): Promise<ExportResult> {
  if (options.format !== undefined && options.symlinks === true)
    throw new QuiltError('INVALID', 'links lead to files as they are: leave out --symlinks or --format')
  const { partitionBy: by } = options
  if (by !== undefined && options.format !== 'parquet')
    throw new QuiltError('INVALID', 'only Parquet is partitioned: say --format parquet')
  if (by?.length === 0) throw new QuiltError('INVALID', 'no column to partition by is named')
  const named = await needRevision(session, handleWith(handle, options), ctx)
  const asked = await withTrees(session, named, ctx, named.handle.path)
  const name = describeRevision(asked.state.pkg, asked.handle.revision)
  const trees = asked.store.repository.objects
  const { path } = await needNode(trees, { tree: asked.commit.tree, handle: name }, asked.handle.path, ctx)
  const revision = await withBytes(session, asked, path, ctx)
  const objects = promised(revision.store.repository.objects)
  const nodes = nodeReader(objects)
  const address = addressIn(destination)
  if (address !== undefined && options.symlinks === true)
    throw new QuiltError('INVALID', 'links lead from a folder: leave out --symlinks')
  const folder = address === undefined ? session.resolvePath(destination) : address.href
  const { derived } = revision.commit
  const recipe = async (blob: Id): Promise<Id | undefined> => {
    if (derived === undefined) return undefined
    const found = await lookupDerived(nodes, derived, blob)
    return found?.type === 'recipe' ? found.id : undefined
  }
  const { fs, windows } = session
  const randomName = session.ambient.randomName()
  const force = options.force === true
  const target = { fs, folder, objects, recipe, force, randomName, windows, store: revision.store.folder }
  const write = async (
    checkedOut: CheckoutItems,
    extra: Partial<CheckoutTarget> = {},
  ): Promise<CheckedOut> =>
    address === undefined
      ? checkout({ ...target, ...extra }, checkedOut, ctx)
      : writeTo(session, { objects, recipe, force, address }, checkedOut, ctx)
  const plain = options.symlinks === true ? await plainFilesOf(session, revision) : undefined
  const plainFile = plain && {
    plainFile: async (entry: FileEntry): Promise<string> =>
      plain.path(entry, entry.size > chunkThreshold ? await recipe(entry.id) : undefined),
  }
  const items = (): AsyncGenerator<Exported> => itemsAt(nodes, revision, path, ctx)
  const { format } = options
  const done =
    format === undefined
      ? await write(items, plainFile)
      : await withConverted(
          session,
          { handle: { ...revision.handle, path }, format, by },
          (tables) => {
            const isTaken = async (at: string): Promise<boolean> =>
              (await lookup(nodes, revision.commit.tree, at, ctx)) !== undefined
            return write(() => convertedItems(items(), { format, tables, isTaken }))
          },
          ctx,
        )
  return { destination: folder, files: done.files, bytes: done.bytes }
}

/** An address that is no folder's; those of one letter are drives. */
function addressIn(destination: string): URL | undefined {
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(destination) || /^file:/i.test(destination)) return undefined
  if (URL.canParse(destination)) return new URL(destination)
  throw new QuiltError('INVALID', `invalid address ${JSON.stringify(destination.slice(0, 200))}`)
}

async function writeTo(
  session: Session,
  { address, ...from }: Pick<FilesTarget, 'objects' | 'recipe' | 'force'> & { readonly address: URL },
  items: CheckoutItems,
  ctx?: Context,
): Promise<CheckedOut> {
  const sink = await session.files(address)
  try {
    const { bytesAt } = session.tables
    const written = await writeFiles({ ...from, sink, address: address.href, bytesAt }, items, ctx)
    if (written.links > 0) session.warn(`${String(written.links)} symbolic links were left out`)
    return written
  } finally {
    await sink.close()
  }
}

async function plainFilesOf(
  session: Session,
  { store }: InstalledRevision,
): Promise<ReturnType<typeof plainFiles>> {
  const local = await session.local()
  return plainFiles({
    fs: session.fs,
    folder: `${local.folder}/files`,
    objects: promised(store.repository.objects),
    randomName: () => session.ambient.randomName(),
  })
}

/** Everything at a path and the groups above it, which are made on the way. */
async function* itemsAt(
  nodes: NodeReader,
  { commit }: InstalledRevision,
  path: string,
  ctx?: Context,
): AsyncGenerator<Exported> {
  if (path === '') {
    yield* exported(nodes, commit.tree, ctx)
    return
  }
  const names = path.split('/')
  for (let depth = 1; depth <= names.length; depth++) {
    const at = names.slice(0, depth).join('/')
    const entry = await lookup(nodes, commit.tree, at, ctx)
    if (entry === undefined) return
    yield { path: joinPath(names.slice(0, depth - 1).join('/'), exportedName(entry)), entry, at }
    if (depth < names.length || entry.type !== 'group') continue
    for await (const below of exported(nodes, entry.id, ctx, names.length))
      yield { path: `${at}/${below.path}`, entry: below.entry, at: `${at}/${below.at}` }
  }
}
