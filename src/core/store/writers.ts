// Writers announce themselves, so that gc, which runs beside them, waits before it deletes what they may rely on.
// The protocol and the argument for it: docs/format.md, section "Garbage collection".
import type { Backend } from '../backend/backend.ts'
import type { Ambient } from '../base/ambient.ts'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import type { Context } from '../base/context.ts'
import { isQuiltError, QuiltError } from '../base/error.ts'
import { condemnedBytes, decodeCondemned } from '../codec/condemned.ts'
import { condemnedPrefix, lapsedKey, writerKey, writerPrefix } from './layout.ts'

/** A writer that was not renewed for so long, by the store's clock, is given up for dead. */
export const lapseMilliseconds: number = 15 * 60 * 1000
/** How often a writer is renewed. */
const renewMilliseconds = 60 * 1000

/** One announced writer. */
export interface Writer {
  readonly name: string
  /** Packs that gc means to delete: nothing new may rely on them. */
  readonly condemned: ReadonlySet<string>
  /** True in its first minute, by this machine's clock: then gc has hardly given it up. */
  isYoung(): boolean
  /** True when gc has given this writer up: what it relied on may be gone. */
  lapsed(ctx?: Context): Promise<boolean>
  /** Takes the announcement back. */
  release(): Promise<void>
}

/** Announces a writer, then reads what gc is about to delete: in this order, so that one of the two sees the other. */
export async function announceWriter(backend: Backend, ambient: Ambient, ctx?: Context): Promise<Writer> {
  const name = ambient.randomName()
  const key = writerKey(name)
  try {
    await backend.put(key, utf8('announced\n'), {}, ctx)
    const condemned = await readCondemnedPacks(backend, ctx)
    return { condemned, ...keepAnnounced({ backend, ambient, name }) }
  } catch (error) {
    await backend.delete(key).catch(() => undefined) // also what a put that failed has left; else it lapses
    throw error
  }
}

/** Renews an announcement. */
function keepAnnounced({
  backend,
  ambient,
  name,
}: {
  backend: Backend
  ambient: Ambient
  name: string
}): Omit<Writer, 'condemned'> {
  const key = writerKey(name)
  const announced = ambient.now().getTime()
  /** When the store says that it was announced, and last renewed: asked before the first renewal. */
  let begun: Date | undefined
  let renewed: Date | undefined
  let lost = false
  let renewing: Promise<void> | undefined

  /** Puts the announcement again, so that the store's clock dates it anew; one that gc gave up stays dead. */
  const renew = async (): Promise<void> => {
    begun ??= renewed = (await backend.head(key))?.modified
    lost ||= begun === undefined || (await isGivenUp(backend, name))
    if (lost || begun === undefined || renewed === undefined) return
    await backend.put(key, utf8(`since ${begun.toISOString()}\n`))
    const now = (await backend.head(key))?.modified
    // After so long a pause gc may have given this writer up, and the note of that may be gone again.
    if (now === undefined || now.getTime() - renewed.getTime() > lapseMilliseconds) lost = true
    renewed = now
  }

  const stop = ambient.every(renewMilliseconds, () => {
    renewing = (renewing ?? Promise.resolve()).then(renew).catch(() => undefined) // the next may succeed; a lapse is found in any case
  })
  return {
    name,
    isYoung: () => {
      const age = ambient.now().getTime() - announced
      return age >= 0 && age < renewMilliseconds
    },
    lapsed: async (ctx) => {
      // One that was never renewed cannot have been put again after gc took it away: then the note says no more.
      if (renewing === undefined) lost ||= (await backend.head(key, ctx)) === undefined
      else {
        await renewing
        lost ||= await isGivenUp(backend, name, ctx)
      }
      return lost
    },
    release: async () => {
      stop()
      await renewing
      await backend.delete(key).catch(() => undefined) // else it lapses; what was written stands
    },
  }
}

async function isGivenUp(backend: Backend, name: string, ctx?: Context): Promise<boolean> {
  if ((await backend.head(lapsedKey(name), ctx)) !== undefined) return true
  return (await backend.head(writerKey(name), ctx)) === undefined
}

/** A writer as others see it, by the store's clock. */
export interface AnnouncedWriter {
  readonly name: string
  /** Not after the instant at which it was announced; everything it wrote is younger. */
  readonly since: Date
  readonly renewed: Date
}

/** Every writer that is announced. */
export async function* announcedWriters(backend: Backend, ctx?: Context): AsyncGenerator<AnnouncedWriter> {
  for await (const { key, modified } of backend.list(writerPrefix, ctx)) {
    const name = key.slice(writerPrefix.length)
    try {
      const text = fromUtf8(await backend.get(key, undefined, ctx)) ?? ''
      const since = new Date(/^since (\S+)\n$/.exec(text)?.[1] ?? modified)
      yield { name, renewed: modified, since: since < modified ? since : modified }
    } catch (error) {
      if (!isQuiltError(error, 'NOT_FOUND')) throw error // it has just ended
    }
  }
}

/**
 * Every pack that some gc means to delete.
 * @throws CORRUPT for a damaged list: what it condemned nobody knows, and nothing may rely on that
 */
export async function readCondemnedPacks(backend: Backend, ctx?: Context): Promise<ReadonlySet<string>> {
  const packs = new Set<string>()
  for await (const { key, size } of backend.list(condemnedPrefix, ctx)) {
    try {
      if (size > condemnedBytes) throw new QuiltError('CORRUPT', `"${key}" is longer than any list of gc`)
      for (const pack of decodeCondemned(await backend.get(key, undefined, ctx)).packs) packs.add(pack)
    } catch (error) {
      if (isQuiltError(error, 'NOT_FOUND')) continue // that gc has just ended
      if (!isQuiltError(error, 'CORRUPT')) throw error
      throw new QuiltError('CORRUPT', `"${key}", which says what gc is about to delete, is damaged`, {
        hint: 'nothing is written meanwhile; gc sweeps it once it is two and a half hours old: quilt gc',
        cause: error,
      })
    }
  }
  return packs
}
