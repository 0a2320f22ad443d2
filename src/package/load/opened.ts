// A revision that is open: its trees are here, and the bytes below a path come from the origin when they are touched.
import type { Context } from '../../core/base/context.ts'
import { chunkThreshold } from '../../core/chunk/fastcdc.ts'
import type { FileEntry } from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import { lookupDerived } from '../../core/tree/lookup.ts'
import { nodeReader, type NodeReader } from '../../core/tree/node.ts'
import { objectsAfar, withBytes, withTrees } from '../exchange/bring.ts'
import {
  describeRevision,
  handleWith,
  needRevision,
  type InstalledRevision,
  type RevisionOptions,
} from '../names/installed.ts'
import type { Session } from '../session.ts'
import { tablePlace, type OpenTable, type TablePlace } from '../tables/open-table.ts'
import type { HoledFile } from './columns-afar.ts'

/** A revision of a package, opened once: `latest` may move meanwhile, this does not. */
export interface Opened {
  readonly session: Session
  /** Package and revision as they were asked for. */
  readonly name: string
  /** The handle's path, as it was asked for. */
  readonly path: string
  readonly revision: InstalledRevision
  readonly nodes: NodeReader
  /** What runs on, and how to stop it. */
  readonly ctx: Context | undefined
  /** Says whether it was closed: then nothing can be read any more. */
  closed: boolean
  /** The same revision with all bytes at a path of the package on this machine. */
  bring(path: string): Promise<TablePlace>
  /** The tables at a path as they can be read without bringing their bytes; `undefined` where all of it is here. */
  afar(path: string): Promise<TablePlace | undefined>
  /** Files of which some columns have been brought, and tables that were looked at at the origin, by their paths. */
  readonly holed: Map<Id, HoledFile>
  readonly seenAfar: Map<string, ReadonlyMap<string, OpenTable>>
}

/**
 * Opens a revision.
 * @throws NOT_FOUND, AMBIGUOUS, INVALID; UNAVAILABLE when its trees are not here and cannot be fetched
 */
export async function openRevision(
  session: Session,
  { handle, options }: { readonly handle: string; readonly options: RevisionOptions },
  ctx?: Context,
): Promise<Opened> {
  const named = await needRevision(session, handleWith(handle, options), ctx)
  const name = describeRevision(named.state.pkg, named.handle.revision)
  const fixed = { ...named, handle: { ...named.handle, revision: { name: named.id, back: 0 } } }
  let revision = await withTrees(session, fixed, ctx, fixed.handle.path)
  let place = tablePlace(session, revision)
  return {
    session,
    name,
    path: named.handle.path,
    get revision() {
      return revision
    },
    nodes: nodeReader(revision.store.repository.objects),
    ctx,
    closed: false,
    bring: async (path) => {
      const now = await withBytes(session, revision, path, ctx)
      if (now !== revision) {
        revision = now
        place = tablePlace(session, now)
      }
      return place
    },
    afar: async (path) => {
      const objects = session.tables.onDisk ? await objectsAfar(session, revision, path, ctx) : undefined
      return objects === undefined ? undefined : { ...place, objects, nodes: nodeReader(objects) }
    },
    holed: new Map(),
    seenAfar: new Map(),
  }
}

/** The recipe that the commit names for a file's blob, where it is kept in chunks. */
export async function recipeOf({ revision, nodes }: Opened, file: FileEntry): Promise<Id | undefined> {
  const { derived } = revision.commit
  if (derived === undefined || file.size <= chunkThreshold) return undefined
  const found = await lookupDerived(nodes, derived, file.id)
  return found?.type === 'recipe' ? found.id : undefined
}
