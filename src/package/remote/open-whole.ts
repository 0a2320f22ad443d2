// A remote as one repository, for the verbs that look after all of it: verify and gc.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { PackRepository } from '../../core/repo/open-repository.ts'
import type { Session } from '../session.ts'

/** A remote's repository, and its address. */
export interface WholeRemote {
  readonly address: string
  readonly repository: PackRepository
  /** Tells readers who cannot list what there is now. */
  relist(ctx?: Context): Promise<void>
}

/**
 * Opens a remote as one repository.
 * @throws UNSUPPORTED for a remote that looks after itself; NOT_FOUND when nothing is there; DENIED, UNAVAILABLE
 */
export async function openWhole(session: Session, name: string, ctx?: Context): Promise<WholeRemote> {
  const { address, remote } = await session.remote(name)
  if (remote.whole === undefined) {
    throw new QuiltError('UNSUPPORTED', `${address} has a server that looks after it`)
  }
  const relist = async (later?: Context): Promise<void> => remote.relist?.(later)
  return { address, repository: await remote.whole(ctx), relist }
}
