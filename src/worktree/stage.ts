// The folder in which a checkout is written first, on the file system of its destination, and how what is finished
// comes to its place: all at once where the destination is not there yet, else whole folders and files.
import type { Stats } from 'node:fs'
import { QuiltError } from '../core/base/error.ts'
import type { FileSystem } from '../core/base/fs-node.ts'
import { errnoOf, fileError, onPath } from './file-error.ts'

/** What was found of a destination. */
export interface Destination {
  /** Its path, with no link at or above what is there already. */
  readonly folder: string
  /** The destination and the folders above it that are not there yet, from the top. */
  readonly missing: readonly string[]
  /** The destination, or the folder above it in which the first of the missing ones is to be made. */
  readonly top: string
}

/** A folder to write into, out of sight. */
export interface Stage {
  /** Stands for the destination. */
  readonly root: string
  /** Moves all to its place. */
  finish(force: boolean): void
  /** Removes what is left; never fails. */
  discard(): void
}

/**
 * Makes the stage of a destination.
 * @throws DENIED, UNAVAILABLE
 */
export function makeStage(fs: FileSystem, destination: Destination, randomName: string): Stage {
  const { folder, missing, top } = destination
  const stage = `${top === '/' ? '' : top}/.quilt-${randomName.slice(0, 12)}`
  const [first] = missing
  const root = first === undefined ? stage : `${stage}${folder.slice(first.length)}`
  const discard = (): void => {
    try {
      fs.rmSync(stage, { recursive: true, force: true })
    } catch {
      // What went wrong before is what there is to tell.
    }
  }
  onPath('write into', top, () => fs.mkdirSync(stage)) // what bears its name already is not ours to discard
  try {
    for (const one of missing.slice(1)) fs.mkdirSync(`${stage}${one.slice((first as string).length)}`)
  } catch (error) {
    discard()
    throw fileError(error, 'write into', top)
  }
  return {
    root,
    finish: (force) => {
      if (first !== undefined) return moveWhole(fs, stage, first)
      moveInto({ fs, force }, stage, folder)
      discard()
    },
    discard,
  }
}

/** Nothing was there when it was checked: another process may have made it since. */
function moveWhole(fs: FileSystem, stage: string, place: string): void {
  try {
    if (statusOf(fs, place) !== undefined) throw cameMeanwhile(place)
    renameWhileBusy(fs, stage, place)
  } catch (error) {
    const taken = ['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(errnoOf(error) ?? '')
    throw taken ? cameMeanwhile(place) : fileError(error, 'write', place)
  }
}

interface Move {
  readonly fs: FileSystem
  readonly force: boolean
}

/** Moves all that is in `from` into the folder `into`; with `force` files are replaced. */
function moveInto(move: Move, from: string, into: string): void {
  const { fs } = move
  const folders: { readonly from: string; readonly into: string }[] = [
    { from, into: into === '/' ? '' : into },
  ]
  for (const folder of folders) {
    const names = onPath('read', folder.from, () => fs.readdirSync(folder.from))
    checkNoLink(fs, folder.into)
    for (const name of names) {
      const [source, place] = [`${folder.from}/${name}`, `${folder.into}/${name}`]
      if (!moveOne(move, source, place)) folders.push({ from: source, into: place })
    }
  }
}

/** A link that somebody has put in place of a folder since it was checked leads elsewhere. */
function checkNoLink(fs: FileSystem, folder: string): void {
  if (folder === '') return
  const real = onPath('look at', folder, () => fs.realpathSync(folder))
  if (slashed(real) !== slashed(folder)) throw cameMeanwhile(folder)
}

/** Windows takes both kinds of slashes, and gives back the other. */
function slashed(path: string): string {
  return path.replaceAll('\\', '/')
}

/** Moves one thing; false for a folder that is there already. */
function moveOne({ fs, force }: Move, source: string, place: string): boolean {
  const moved = onPath('read', source, () => fs.lstatSync(source))
  const there = statusOf(fs, place)
  if (there?.isDirectory() === true && moved.isDirectory()) return false
  if (there !== undefined && (!force || there.isDirectory() || moved.isDirectory()))
    throw cameMeanwhile(place)
  onPath('write', place, () =>
    moved.isSymbolicLink() ? moveLink(fs, source, place) : renameWhileBusy(fs, source, place),
  )
  return true
}

/**
 * A link is made anew: where nothing is there this replaces nothing, and memfs would rename what it leads to.
 * What is there stands aside meanwhile, and comes back when the link cannot be made.
 */
function moveLink(fs: FileSystem, source: string, place: string): void {
  const target = fs.readlinkSync(source)
  const old = statusOf(fs, place)
  if (old === undefined) return fs.symlinkSync(target, place)
  const oldTarget = old.isSymbolicLink() ? fs.readlinkSync(place) : undefined
  fs.unlinkSync(source)
  if (oldTarget === undefined) fs.renameSync(place, source)
  else fs.unlinkSync(place)
  try {
    fs.symlinkSync(target, place)
  } catch (error) {
    try {
      if (oldTarget === undefined) fs.renameSync(source, place)
      else putLinkBack(fs, oldTarget, place)
    } catch {
      // What went wrong before is what there is to tell.
    }
    throw error
  }
}

/** Over the new link, too: a network drive may make what it says it has not made. */
function putLinkBack(fs: FileSystem, target: string, place: string): void {
  if (statusOf(fs, place) !== undefined) fs.unlinkSync(place)
  fs.symlinkSync(target, place)
}

const busyCodes: ReadonlySet<string | undefined> = new Set(['EBUSY', 'EPERM', 'EACCES'])
/** Pauses between tries, in milliseconds. */
const pauses = [10, 20, 40, 80, 160]

/** A rename; a virus scanner may hold what was just written for a moment. */
function renameWhileBusy(fs: FileSystem, from: string, to: string): void {
  for (const pause of pauses) {
    try {
      fs.renameSync(from, to)
      return
    } catch (error) {
      if (!busyCodes.has(errnoOf(error))) throw error
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause)
  }
  fs.renameSync(from, to)
}

function cameMeanwhile(place: string): QuiltError {
  return new QuiltError('CONFLICT', `"${place}" was made by another program meanwhile`)
}

/** What is at a path itself, a link not followed; `undefined` when nothing is. */
export function statusOf(fs: FileSystem, path: string): Stats | undefined {
  try {
    return fs.lstatSync(path) as Stats
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw fileError(error, 'look at', path)
  }
}
