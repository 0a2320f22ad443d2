// load: a revision as a tree of nodes in code, read when it is asked.
import type { Context } from '../core/base/context.ts'
import { treeMeta } from '../core/tree/node.ts'
import type { GroupDraft } from './load/draft.ts'
import { needContent, nodeAt, type LoadedTree } from './load/node.ts'
import type { Loaded } from './load/node-types.ts'
import { openRevision, type Opened } from './load/opened.ts'
import type { RevisionOptions } from './names/installed.ts'
import type { Session } from './session.ts'

/** Which revision to load, where the handle does not say it. */
export type LoadOptions = RevisionOptions

/**
 * The node at a handle. Nothing but its trees is read before it is asked; `latest` stays what it is now. `end` is
 * called when the node is closed.
 * @throws NOT_FOUND, AMBIGUOUS, INVALID; UNAVAILABLE
 */
export async function load(
  session: Session,
  { handle, options = {} }: { readonly handle: string; readonly options?: LoadOptions },
  end: () => Promise<void>,
  ctx?: Context,
): Promise<Loaded> {
  const opened = await openRevision(session, { handle, options }, ctx)
  const tree: LoadedTree = { opened, root: await rootDraft(opened), at: '' }
  const found = await needContent({ tree, path: opened.path })
  const path = found.table === undefined ? found.path : `${found.path}/${found.table}`
  const close = async (): Promise<void> => {
    opened.closed = true
    await end()
  }
  return nodeAt(tree, path, { close, [Symbol.asyncDispose]: close }) as Loaded
}

/** The whole package as it is in the commit. */
export async function rootDraft({ nodes, revision }: Opened): Promise<GroupDraft> {
  const { tree: id } = revision.commit
  return { kind: 'group', base: { id, from: '' }, changes: new Map(), meta: await treeMeta(nodes, id) }
}
