// The reference backend: bytes in memory, gone with the process. What the others are measured against.
import { compareText, concatBytes, iterateBytes, type Bytes } from '../base/bytes.ts'
import { checkSignal, type Context } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import type { Backend, Head, PutOptions } from './backend.ts'
import { checkKey } from './key.ts'
import { checkRange } from './range.ts'

/** What a memory backend may be told. */
export interface MemoryOptions {
  /** The store's clock; without it, one that ticks a millisecond with each put, from 1970 on. */
  readonly now?: () => Date
}

interface Kept {
  readonly body: Uint8Array
  readonly modified: Date
}

/** A backend in memory. Bytes are copied on their way in and out, so nobody's later changes reach them. */
export function memoryBackend(options: MemoryOptions = {}): Backend {
  const now = options.now ?? tickingClock()
  const kept = new Map<string, Kept>()

  function headOf(key: string): Head | undefined {
    const found = kept.get(key)
    return found === undefined ? undefined : { key, size: found.body.length, modified: found.modified }
  }

  return {
    features: { putIfAbsent: true, writable: true },
    async get(key, range, ctx) {
      checkKey(key)
      checkSignal(ctx)
      const found = kept.get(key)
      if (found === undefined) throw new QuiltError('NOT_FOUND', `no ${key}`)
      const { start, end } = checkRange(range, found.body.length, key)
      const into = range?.into
      if (into?.length !== end - start) return found.body.slice(start, end)
      into.set(found.body.subarray(start, end))
      return into
    },
    async put(key: string, body: Bytes, putOptions?: PutOptions, ctx?: Context) {
      checkKey(key)
      checkSignal(ctx)
      const whole = await collectCopy(body, ctx)
      checkSignal(ctx)
      // No await from here on: of many who race, the first to get here wins.
      if (putOptions?.absent === true && kept.has(key))
        throw new QuiltError('CONFLICT', `${key} exists already`)
      kept.set(key, { body: whole, modified: now() })
    },
    async head(key, ctx) {
      checkKey(key)
      checkSignal(ctx)
      return headOf(key)
    },
    async *list(prefix, ctx) {
      checkSignal(ctx)
      const keys = [...kept.keys()].filter((key) => key.startsWith(prefix)).sort(compareText)
      for (const key of keys) {
        checkSignal(ctx)
        const head = headOf(key)
        if (head !== undefined) yield head
      }
    },
    async delete(key, ctx) {
      checkKey(key)
      checkSignal(ctx)
      kept.delete(key)
    },
    async close() {},
  }
}

/** Each part is copied as it comes: its giver may use the array again. */
async function collectCopy(body: Bytes, ctx: Context | undefined): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of iterateBytes(body)) {
    checkSignal(ctx)
    parts.push(part.slice())
  }
  return concatBytes(parts)
}

function tickingClock(): () => Date {
  let ticks = 0
  return () => new Date(++ticks)
}
