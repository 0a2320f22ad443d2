// A bundle as a file: opened for each reading, and named in every error.
import type { Context } from '../../core/base/context.ts'
import type { ByteSource } from '../../core/base/source.ts'
import { QuiltError } from '../../core/base/error.ts'
import { bundleError, openBundle, type Bundle } from '../../core/repo/bundle/open-bundle.ts'
import { onPath } from '../../worktree/file-error.ts'
import { sourceBytes } from '../../worktree/named/source-bytes.ts'
import type { Session } from '../session.ts'

/** An open bundle, its bytes, and how people know it. */
export interface BundleFile {
  readonly shown: string
  readonly source: ByteSource
  readonly bundle: Bundle
}

/**
 * Opens a bundle; nothing stays open.
 * @throws NOT_FOUND, DENIED, UNAVAILABLE for the file; CORRUPT for what is no bundle; UNSUPPORTED for a newer format
 */
export async function openBundleFile(session: Session, shown: string, ctx?: Context): Promise<BundleFile> {
  const { fs, ambient } = session
  const path = session.resolvePath(shown)
  const stats = onPath('read', path, () => fs.statSync(path))
  if (!stats.isFile()) throw new QuiltError('INVALID', `"${shown}" is no file`)
  const source = sourceBytes(fs, { path, stats })
  return { shown, source, bundle: await named(shown, () => openBundle(source, ambient, ctx)) }
}

/** Does one thing with a bundle; what is wrong with it names it. */
export async function named<T>(shown: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw bundleError(error, shown)
  }
}
