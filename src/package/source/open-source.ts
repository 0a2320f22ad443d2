// Where a build's source lies: on this disk, or in a git repository that is cloned for the time of the build.
import type { Context } from '../../core/base/context.ts'
import { buildSource, type BuildSource } from './build-source.ts'
import type { Session } from '../session.ts'

/** A source at hand, until it is closed. */
export interface OpenedSource {
  readonly source: BuildSource
  close(): void
}

/** What is to be opened: see `SourceQuestion`. */
export interface SourceRequest {
  readonly path: string | undefined
  readonly part: boolean
  readonly buildFile?: boolean | undefined
}

/** A git repository, and a branch or tag of it. */
export interface GitAddress {
  readonly address: string
  readonly branch: string | undefined
}

/**
 * The git repository that a text names: `https://….git`, `file://….git`, with `@BRANCH` where one is meant.
 * @example gitAddress('https://example.org/wine.git@main')?.branch // 'main'
 */
export function gitAddress(text: string): GitAddress | undefined {
  const match = /^((?:https?|file):\/\/[^\s]+\.git)(?:@([\w][\w./-]*))?$/u.exec(text)
  return match?.[1] === undefined ? undefined : { address: match[1], branch: match[2] }
}

/**
 * Finds out what a path means, cloning a repository where it names one.
 * @throws NOT_FOUND, INVALID naming the path; UNAVAILABLE, UNSUPPORTED where git cannot clone
 */
export async function openSource(
  session: Session,
  { path, part, buildFile }: SourceRequest,
  ctx?: Context,
): Promise<OpenedSource> {
  const git = path === undefined ? undefined : (gitAddress(path) ?? bareRepository(session, path))
  if (git === undefined) {
    const full = path === undefined ? undefined : session.resolvePath(path)
    return {
      source: buildSource(session.fs, { path: full, shown: path, part, buildFile }),
      close: () => undefined,
    }
  }
  const { folder, close } = await session.clone(git, ctx)
  try {
    return { source: buildSource(session.fs, { path: folder, shown: git.address, part, buildFile }), close }
  } catch (error) {
    close()
    throw error
  }
}

/** A bare repository on this disk, as `git init --bare` makes one. */
function bareRepository(session: Session, text: string): GitAddress | undefined {
  const match = /^(.+\.git)(?:@([\w][\w./-]*))?$/su.exec(text)
  if (match?.[1] === undefined) return undefined
  const path = session.resolvePath(match[1])
  const isBare = ['HEAD', 'objects', 'refs'].every((name) => session.fs.existsSync(`${path}/${name}`))
  return isBare ? { address: path, branch: match[2] } : undefined
}
