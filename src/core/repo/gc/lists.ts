// gc's lists of condemned packs, and the wait for the writers that may still rely on them.
import type { Context } from '../../base/context.ts'
import { checkSignal } from '../../base/context.ts'
import { isQuiltError } from '../../base/error.ts'
import { utf8 } from '../../base/bytes.ts'
import { decodeCondemned, encodeCondemned } from '../../codec/condemned.ts'
import { condemnedKey, condemnedPrefix, lapsedKey, lapsedPrefix, writerKey } from '../../store/layout.ts'
import { announcedWriters, lapseMilliseconds } from '../../store/writers.ts'
import type { PackRepository } from '../open-repository.ts'

/** A list as it lies in the store. */
export interface CondemnedList {
  readonly name: string
  readonly packs: readonly string[]
  /** Writers that were there when the packs had been condemned. */
  readonly writers: readonly string[]
}

/** What this needs of a repository. */
export type Shelf = Pick<PackRepository, 'backend' | 'ambient'>

/** Notes and damaged lists are swept when they are this old: ten lapses. */
const sweepMilliseconds = 10 * lapseMilliseconds
/** First pause between two looks at the writers; each is twice as long as the one before. */
const firstPause = 50
/** Longest pause. */
const longestPause = 2000

/**
 * Condemns packs: first the list, so that whoever announces itself from now on sees it; then the writers that are
 * there, who may not have seen it.
 */
export async function condemn(shelf: Shelf, packs: readonly string[], ctx?: Context): Promise<CondemnedList> {
  const name = shelf.ambient.randomName()
  await put(shelf, { name, packs, writers: [] }, ctx)
  return noteWriters(shelf, { name, packs }, ctx)
}

async function noteWriters(
  shelf: Shelf,
  list: Omit<CondemnedList, 'writers'>,
  ctx?: Context,
): Promise<CondemnedList> {
  const writers: string[] = []
  for await (const { name } of announcedWriters(shelf.backend, ctx)) writers.push(name)
  const noted = { ...list, writers }
  if (writers.length > 0) await put(shelf, noted, ctx)
  return noted
}

async function put(
  { backend }: Shelf,
  { name, packs, writers }: CondemnedList,
  ctx?: Context,
): Promise<void> {
  await backend.put(condemnedKey(name), encodeCondemned({ packs, writers }), {}, ctx)
}

/**
 * The lists that other runs left or are still at. One without writers may be half made: its writers are noted
 * anew, which can only be more than those it waits for.
 * @throws CORRUPT for a damaged list, unless it is so old that it is swept
 */
export async function takeOver(shelf: Shelf, now: Date, ctx?: Context): Promise<readonly CondemnedList[]> {
  const { backend } = shelf
  const lists: CondemnedList[] = []
  for await (const { key, modified } of backend.list(condemnedPrefix, ctx)) {
    const name = key.slice(condemnedPrefix.length)
    try {
      const { packs, writers } = decodeCondemned(await backend.get(key, undefined, ctx))
      lists.push(
        writers.length > 0 ? { name, packs, writers } : await noteWriters(shelf, { name, packs }, ctx),
      )
    } catch (error) {
      if (isQuiltError(error, 'NOT_FOUND')) continue // another gc has just finished it
      const old = now.getTime() - modified.getTime() > sweepMilliseconds
      if (!isQuiltError(error, 'CORRUPT') || !old) throw error
      await backend.delete(key, ctx)
    }
  }
  return lists
}

/** The store's clock: that of this machine counts for nothing. */
export async function storeTime({ backend, ambient }: Shelf, ctx?: Context): Promise<Date> {
  const key = lapsedKey(ambient.randomName()) // a note on a writer that never was
  await backend.put(key, utf8('now\n'), {}, ctx)
  const head = await backend.head(key, ctx)
  await backend.delete(key, ctx)
  return head?.modified ?? new Date(0)
}

/**
 * Waits until the writers of the lists have ended or lapsed, for `patience` milliseconds at most.
 * @returns those that have not
 */
export async function waitForWriters(
  shelf: Shelf,
  lists: readonly CondemnedList[],
  patience: number,
  ctx?: Context,
): Promise<ReadonlySet<string>> {
  const waiting = new Set(lists.flatMap(({ writers }) => writers))
  let waited = 0
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    checkSignal(ctx)
    if (waiting.size > 0) {
      const now = await storeTime(shelf, ctx)
      for (const name of waiting) if (await hasEnded(shelf, name, now, ctx)) waiting.delete(name)
    }
    if (waiting.size === 0 || waited >= patience) return waiting
    const rest = Math.min(pause, patience - waited)
    await shelf.ambient.sleep(rest, ctx?.signal)
    waited += rest
  }
}

/** True when a writer is gone. One that has lapsed is told so first: when it wakes up it starts again. */
async function hasEnded({ backend }: Shelf, name: string, now: Date, ctx?: Context): Promise<boolean> {
  const head = await backend.head(writerKey(name), ctx)
  if (head === undefined) return true
  if (now.getTime() - head.modified.getTime() <= lapseMilliseconds) return false
  await backend.put(lapsedKey(name), utf8('given up\n'), {}, ctx)
  await backend.delete(writerKey(name), ctx)
  return true
}

/** Ends writers that have lapsed, and forgets notes on those that lapsed long ago. */
export async function sweepWriters(shelf: Shelf, ctx?: Context): Promise<void> {
  const { backend } = shelf
  const now = await storeTime(shelf, ctx)
  for await (const { name } of announcedWriters(backend, ctx)) await hasEnded(shelf, name, now, ctx)
  for await (const { key, modified } of backend.list(lapsedPrefix, ctx)) {
    if (now.getTime() - modified.getTime() > sweepMilliseconds) await backend.delete(key, ctx)
  }
}
