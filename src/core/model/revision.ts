// Handles and revisions as people type them: `[TEAM:]OWNER/NAME[/PATH][@REVISION]`.
import { QuiltError } from '../base/error.ts'
import { parsePackageName, type PackageName } from './package-name.ts'
import { splitPath } from './path.ts'

/** A handle, taken apart. `path` is '' for the whole package. */
export interface Handle {
  readonly pkg: PackageName
  readonly path: string
  readonly revision?: Revision
}

/** Text that names a commit: a name (`latest`, a version, a tag, a hash prefix) and how many steps back from it. */
export interface Revision {
  readonly name: string
  readonly back: number
}

/**
 * Text to revision; an `@` before it, as in a handle, is none of it.
 * @throws INVALID
 * @example parseRevision('latest~2') // { name: 'latest', back: 2 }
 */
export function parseRevision(text: string): Revision {
  const match = /^@?([^~@][^~]*)((?:~\d*)*)$/su.exec(text)
  const name = match?.[1]
  if (match === null || name === undefined) {
    throw new QuiltError('INVALID', `invalid revision ${JSON.stringify(text.slice(0, 100))}`, {
      hint: 'use latest, a version, a tag, or 6 or more digits of a hash; ~N steps back',
    })
  }
  let back = 0
  for (const step of (match[2] ?? '').split('~').slice(1)) back += step === '' ? 1 : Number(step)
  if (!Number.isSafeInteger(back)) throw new QuiltError('INVALID', `invalid revision "${text.slice(0, 100)}"`)
  return { name, back }
}

/** Revision to text. */
export function formatRevision(revision: Revision): string {
  return revision.back === 0 ? revision.name : `${revision.name}~${String(revision.back)}`
}

/**
 * Text to handle. The last `@` starts the revision; `%40` stands for one in a path.
 * @throws INVALID, saying which part is wrong
 * @example parseHandle('ada/wine/train.csv@1.0')
 */
export function parseHandle(text: string): Handle {
  const at = text.lastIndexOf('@')
  const where = at < 0 ? text : text.slice(0, at)
  const parts = where.split('/')
  if (parts.length < 2) {
    throw new QuiltError('INVALID', `invalid package ${JSON.stringify(text.slice(0, 200))}`, {
      hint: 'specify a package as [TEAM:]OWNER/NAME[/PATH][@REVISION]',
    })
  }
  const pkg = parsePackageName(parts.slice(0, 2).join('/'))
  const path = parts.slice(2).join('/').replaceAll('%40', '@').replaceAll('%25', '%')
  if (parts.length > 2) splitPath(path === '' ? '/' : path)
  return at < 0 ? { pkg, path } : { pkg, path, revision: parseRevision(text.slice(at + 1)) }
}
