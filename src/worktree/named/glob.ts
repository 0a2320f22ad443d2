// The files that a pattern matches. Each folder is read once for all that the pattern may still mean there, so that no
// pattern takes longer than reading the folders; links are followed while they stay inside and lead round in no circle.
import { breathe, checkSignal, type Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { errnoOf, onPath } from '../file-error.ts'
import { readNames } from '../scan.ts'
import { partsOf, type PatternPart } from './glob-pattern.ts'
import { isAllowed, normalized, type FoundSource, type SourceRoot } from './place.ts'

/** A file that a pattern matches. */
export interface MatchedFile extends FoundSource {
  /** Its last name on the way that the pattern took. */
  readonly name: string
}

/** Most names that one pattern looks at. */
const mostLookedAt = 5_000_000
/** Most files that one pattern matches. */
const mostMatched = 500_000
/** The event loop has its turn after so many names. */
const namesAtOnce = 4096

interface Walk {
  readonly root: SourceRoot
  readonly pattern: string
  readonly parts: readonly PatternPart[]
  readonly found: MatchedFile[]
  readonly ctx: Context | undefined
  looked: number
}

/** A folder, and which parts of the pattern may come next in it. */
interface At {
  readonly folder: string
  readonly next: ReadonlySet<number>
  /** The real paths of the folders that lead here. */
  readonly way: readonly string[]
}

/**
 * The files that a pattern matches, ascending part by part; names that begin with a dot too. Folders, what is gone,
 * and links that lead elsewhere are left out.
 * @throws INVALID when the pattern leads outside or matches too much; DENIED, UNAVAILABLE naming a folder
 */
export async function matchFiles(
  root: SourceRoot,
  pattern: string,
  ctx?: Context,
): Promise<readonly MatchedFile[]> {
  const all = partsOf(pattern)
  const climbs = all.filter((part) => part.kind === 'name' && part.name === '..').length
  const parts = all.slice(climbs)
  const folder = normalized(`${root.folder}/${'../'.repeat(climbs)}`)
  if (climbs > 0 && !root.outside) {
    throw new QuiltError(
      'INVALID',
      `${JSON.stringify(pattern)} leads outside the build file's folder: allow it with --allow-outside`,
    )
  }
  const walk: Walk = { root, pattern, parts, found: [], ctx, looked: 0 }
  await visit(walk, {
    folder,
    next: closed(parts, [0]),
    way: [onPath('read', folder, () => root.fs.realpathSync(folder))],
  })
  return walk.found
}

/** Positions with those that `**` may skip to. The end is reached by a name only. */
function closed(parts: readonly PatternPart[], positions: Iterable<number>): ReadonlySet<number> {
  const all = new Set(positions)
  for (const at of all) if (parts[at]?.kind === 'folders' && at + 1 < parts.length) all.add(at + 1)
  return all
}

/** Folders nest no deeper than a path of the system is long, so this may recurse. */
async function visit(walk: Walk, at: At): Promise<void> {
  for (const name of namesIn(walk, at)) {
    if (++walk.looked % namesAtOnce === 0) {
      checkSignal(walk.ctx)
      await breathe()
    }
    if (walk.looked > mostLookedAt || walk.found.length > mostMatched) throw tooMuch(walk)
    const { named, deeper } = steps(walk.parts, at.next, name)
    if (named.size > 0 || deeper.size > 0) await take(walk, at, { name, named, deeper })
  }
}

function tooMuch({ pattern, looked }: Walk): QuiltError {
  const what =
    looked > mostLookedAt
      ? `looks at more than ${String(mostLookedAt)} names`
      : `matches more than ${String(mostMatched)} files`
  return new QuiltError('INVALID', `${JSON.stringify(pattern)} ${what}: name a folder in it`)
}

/** Only the names that can match, where the pattern says them. */
function namesIn({ root: { fs }, parts }: Walk, { folder, next }: At): readonly string[] {
  const named = [...next].map((at) => parts[at])
  if (!named.every((part) => part?.kind === 'name')) {
    return onPath('read', folder, () => (fs.existsSync(folder) ? readNames(fs, folder) : []))
  }
  const names = named.flatMap((part) => (part?.kind === 'name' ? [part.name] : []))
  return [...new Set(names)].filter((name) => fs.existsSync(`${folder}/${name}`)).sort()
}

/** Where a name leads: by its own part of the pattern, and by a `**` that goes on. */
function steps(
  parts: readonly PatternPart[],
  next: ReadonlySet<number>,
  name: string,
): { readonly named: ReadonlySet<number>; readonly deeper: ReadonlySet<number> } {
  const named = new Set<number>()
  const deeper = new Set<number>()
  for (const at of next) {
    const part = parts[at]
    if (part?.kind === 'folders') deeper.add(at)
    else if (part?.kind === 'name' ? part.name === name : part?.matches(name) === true) named.add(at + 1)
  }
  return { named, deeper }
}

interface Step {
  readonly name: string
  readonly named: ReadonlySet<number>
  readonly deeper: ReadonlySet<number>
}

async function take(walk: Walk, { folder, way }: At, { name, named, deeper }: Step): Promise<void> {
  const { root, parts } = walk
  const { fs } = root
  const path = folder === '/' ? `/${name}` : `${folder}/${name}`
  const real = realPath(walk, path)
  if (real === undefined || !isAllowed(root, real) || real === root.file) return
  const stats = onPath('read', path, () => fs.statSync(real))
  if (stats.isFile() && named.has(parts.length)) walk.found.push({ name, path: real, stats })
  if (!stats.isDirectory() || way.includes(real)) return
  // As in pathlib `**` goes through no link; a part of its own does.
  const isLink = onPath('read', path, () => fs.lstatSync(path)).isSymbolicLink()
  const next = closed(
    parts,
    [...named, ...(isLink ? [] : deeper)].filter((at) => at < parts.length),
  )
  if (next.size > 0) await visit(walk, { folder: path, next, way: [...way, real] })
}

/** A path with links followed; `undefined` when it leads nowhere. */
function realPath({ root: { fs } }: Walk, path: string): string | undefined {
  try {
    return fs.realpathSync(path)
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined
    return onPath('read', path, () => {
      throw error
    })
  }
}
