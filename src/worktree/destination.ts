// Everything that can be known before a checkout writes its first byte: what is in the way, what cannot be named.
import { constants } from 'node:fs'
import { breathe, checkSignal, type Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import type { FileSystem } from '../core/base/fs-node.ts'
import { targetProblem } from '../core/model/entry.ts'
import { isWithin, splitPath } from '../core/model/path.ts'
import { strangersIn } from './alone.ts'
import type { CheckoutItem, CheckoutItems, CheckoutTarget } from './checkout-target.ts'
import { onPath } from './file-error.ts'
import { statusOf, type Destination } from './stage.ts'

/** Names of devices on Windows, whatever extension they bear. */
const devicePattern = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\.|$)/i
/** What no name on Windows may hold, or end with. */
const unnameable = /[<>:"|?*\u0000-\u001f]|[. ]$/
/** As many conflicts are named. */
const mostNamed = 10
/** The event loop has its turn after so many items. */
const itemsAtOnce = 4096

/**
 * Checks a destination against all that is to be written there.
 * @throws CONFLICT naming what exists, or names that this file system folds into one; INVALID, DENIED, UNSUPPORTED
 */
export async function checkDestination(
  target: CheckoutTarget,
  items: CheckoutItems,
  ctx?: Context,
): Promise<Destination> {
  const { fs, folder, force } = target
  const destination = findDestination(fs, folder)
  const { missing, top } = destination
  checkFolder(fs, top)
  const exists = missing.length > 0 ? undefined : existing(target)
  const inStore = storePart(target, destination.folder)
  const seen = foldedNames(target.foldsCase ?? foldsCase(fs, top))
  const strangers = missing.length > 0 ? undefined : strangersIn(fs, folder)
  const inTheWay: string[] = []
  let count = 0
  for await (const item of items()) {
    checkSignal(ctx)
    if (++count % itemsAtOnce === 0) await breathe()
    checkWritable(item, target.windows)
    seen(item.path)
    inStore(item)
    strangers?.see(item)
    if (exists?.(item) === true && inTheWay.push(item.path) > mostNamed) break
  }
  if (inTheWay.length > 0) throw conflict(folder, inTheWay, force)
  strangers?.end()
  return destination
}

/** Refuses paths and links that no checkout may write, wherever they came from. */
function checkWritable({ path, entry }: CheckoutItem, windows: boolean): void {
  const names = splitPath(path)
  const unnamed = windows
    ? names.find((name) => devicePattern.test(name) || unnameable.test(name))
    : undefined
  if (unnamed !== undefined) {
    throw new QuiltError('INVALID', `this system cannot hold a file called ${JSON.stringify(unnamed)}`)
  }
  const problem = entry.type !== 'link' ? undefined : targetProblem(entry.target, names.length - 1)
  if (problem === undefined) return
  throw new QuiltError('INVALID', `the link "${path}" is not written: ${problem}`, {
    hint: 'a part of a package cannot be exported without what its links point to: export the whole',
  })
}

/** Says of an item whether something is in its way. Folders that exist are merged into, so they must be writable. */
function existing({ fs, folder, force }: CheckoutTarget): (item: CheckoutItem) => boolean {
  const { dev } = onPath('look at', folder, () => fs.statSync(folder))
  return ({ path, entry }) => {
    const place = placeOf(folder, path)
    const there = statusOf(fs, place)
    if (there === undefined) return false
    if (!there.isDirectory() || entry.type !== 'group')
      return !force || there.isDirectory() || entry.type === 'group'
    checkFolder(fs, place)
    if (there.dev === dev) return false
    throw new QuiltError('UNSUPPORTED', `"${place}" lies on another file system than "${folder}"`, {
      hint: 'export to a folder that lies on one file system',
    })
  }
}

function checkFolder(fs: FileSystem, folder: string): void {
  onPath('write into', folder, () => fs.accessSync(folder, constants.W_OK | constants.X_OK))
}

/** Refuses items that would be written into the store, whichever way leads there. (H19) */
function storePart({ fs, store }: CheckoutTarget, folder: string): (item: CheckoutItem) => void {
  if (store === undefined || statusOf(fs, store) === undefined) return () => undefined
  const there = onPath('look at', store, () => fs.realpathSync(store))
  const refuse = (): never => {
    throw new QuiltError('INVALID', `"${folder}" would be written into the store "${there}"`, {
      hint: 'name another folder',
    })
  }
  if (isWithin(folder, there)) refuse()
  const below = placeOf(folder, '')
  if (!there.startsWith(below)) return () => undefined
  const inside = foldName(there.slice(below.length))
  return ({ path, entry }) => {
    const folded = foldName(path)
    if (isWithin(folded, inside) || (isWithin(inside, folded) && entry.type !== 'group')) refuse()
  }
}

/** Finds paths that a folding file system takes for one; it holds the names of one folder a level. */
function foldedNames(folds: boolean): (path: string) => void {
  const open: { readonly folder: string; readonly names: Map<string, string> }[] = []
  return (path) => {
    if (!folds) return
    const slash = path.lastIndexOf('/')
    const folder = path.slice(0, Math.max(slash, 0))
    while (open.length > 0 && !isWithin(folder, open.at(-1)?.folder ?? '')) open.pop()
    let top = open.at(-1)
    if (top?.folder !== folder) open.push((top = { folder, names: new Map() }))
    const name = path.slice(slash + 1)
    const folded = foldName(name)
    const other = top.names.get(folded)
    top.names.set(folded, name)
    if (other === undefined || other === name) return
    const where = folder === '' ? '' : ` in "${folder}"`
    throw new QuiltError('CONFLICT', `this file system takes "${other}" and "${name}"${where} for one name`)
  }
}

/** A name as the file systems that fold most see it: up first, so that "ß" and "ss" are one. */
function foldName(name: string): string {
  return name.normalize('NFD').toUpperCase().toLowerCase().normalize('NFD')
}

/**
 * True when a file system takes upper and lower case for the same, seen by a name that is there: one in the
 * folder, else the folder's own, which may be another file system's. What this misses is met when the second of
 * two names is written, before anything is in its place.
 */
function foldsCase(fs: FileSystem, folder: string): boolean {
  try {
    return isFoldSeen(fs, folder)
  } catch {
    return false // in a folder, say, that may be written into but not be read
  }
}

function isFoldSeen(fs: FileSystem, folder: string): boolean {
  const names = fs.readdirSync(folder)
  const inside = names.find((name) => swapCase(name) !== name && !names.includes(swapCase(name)))
  const above = folder.slice(0, folder.lastIndexOf('/') + 1)
  const [path, name] = inside === undefined ? [above, folder.slice(above.length)] : [`${folder}/`, inside]
  if (swapCase(name) === name) return false
  const [one, other] = [statusOf(fs, `${path}${name}`), statusOf(fs, `${path}${swapCase(name)}`)]
  return one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev
}

function swapCase(name: string): string {
  return name.replace(/[a-z]/gi, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()))
}

/** Which folders have to be made; a file, or a link to none, in place of one is refused. */
function findDestination(fs: FileSystem, folder: string): Destination {
  const names: string[] = []
  for (let path = folder; ; path = parentOf(path)) {
    const there = statusOf(fs, path)
    if (there?.isDirectory() === true || (there?.isSymbolicLink() === true && leadsToFolder(fs, path))) {
      const top = onPath('look at', path, () => fs.realpathSync(path))
      const missing = names.map((_, i) => placeOf(top, names.slice(0, i + 1).join('/')))
      return { folder: missing.at(-1) ?? top, missing, top }
    }
    if (there !== undefined || path === parentOf(path)) {
      throw new QuiltError('CONFLICT', `"${path}" is no folder`, { hint: 'name a folder to write into' })
    }
    names.unshift(path.slice(path.lastIndexOf('/') + 1))
  }
}

function leadsToFolder(fs: FileSystem, path: string): boolean {
  return fs.existsSync(path) && onPath('look at', path, () => fs.statSync(path)).isDirectory()
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

/** Where an item goes. */
export function placeOf(folder: string, path: string): string {
  return folder === '/' ? `/${path}` : `${folder}/${path}`
}

function conflict(folder: string, paths: readonly string[], force: boolean): QuiltError {
  const named = paths
    .slice(0, mostNamed)
    .map((path) => `"${path}"`)
    .join(', ')
  const more = paths.length > mostNamed ? ' and more' : ''
  return new QuiltError('CONFLICT', `in "${folder}" there are already ${named}${more}`, {
    hint: force
      ? 'these cannot be replaced, only files can: name another folder'
      : 'replace files with --force, or name another folder',
  })
}
