// What tests of refs share: names, ids, and backends that yield, stop or fail at every operation.
import type { Backend, Head } from '../../src/core/backend/backend.ts'
import { QuiltError } from '../../src/core/base/error.ts'
import { parseId, type Id } from '../../src/core/model/id.ts'
import { parsePackageName, type PackageName } from '../../src/core/model/package-name.ts'
import { latest, type RefName } from '../../src/core/model/ref-name.ts'
import { generationRefs, type RefOptions } from '../../src/core/store/generation-refs.ts'
import type { LogRecord, PackageState, RefPlan, RefRecord, RefStore } from '../../src/core/store/ref-store.ts'

export const wine: PackageName = parsePackageName('ada/wine')

/** Names that count up, shared by all stores of one test run. */
let names = 0
export const ambient = { randomName: (): string => (++names).toString(16).padStart(32, '0') }

/** Folding that comes after a few moves. */
export const small = { keep: 2, foldAbove: 4 }

/** The id that stands for a number. */
export function idOf(n: number): Id {
  return parseId(n.toString(16).padStart(64, '0'))
}

export function record(reason: string): RefRecord {
  return { who: { name: 'Ada', email: 'ada@example.org', time: new Date(1_700_000_000_000) }, reason }
}

/** Moves `latest` on to `to`, from wherever it is. */
export function moveTo(to: Id, name: RefName = latest): RefPlan {
  return (state) => ({ edits: [{ name, from: state?.refs.get(name), to }] })
}

/** Moves `latest` to `idOf(from)` and so on. */
export async function moves(refs: RefStore, count: number, from = 1): Promise<void> {
  for (let i = from; i < from + count; i++)
    await refs.update(wine, moveTo(idOf(i)), record(`move ${String(i)}`))
}

/** Turns one bit of a file, in its middle. */
export async function flip(backend: Backend, key: string): Promise<void> {
  const bytes = await backend.get(key)
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
  await backend.put(key, bytes)
}

export function openRefs(backend: Backend, fold?: RefOptions['fold']): RefStore {
  return generationRefs(backend, fold === undefined ? { ambient } : { ambient, fold })
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

export async function keysOf(backend: Backend, prefix = 'refs/'): Promise<string[]> {
  return (await collect(backend.list(prefix))).map((head) => head.key)
}

/** The refs that a log, newest first, leads to; throws where an edit does not start from what was. */
export function replay(log: readonly LogRecord[]): Map<RefName, Id> {
  const refs = new Map<RefName, Id>()
  for (const { edits, generation } of [...log].reverse()) {
    for (const { name, from, to } of edits) {
      if (refs.get(name) !== from) throw new Error(`generation ${String(generation)} starts elsewhere`)
      if (to === undefined) refs.delete(name)
      else refs.set(name, to)
    }
  }
  return refs
}

/** Calls `step` before each operation; a listing is one operation, as it is of one folder or page. */
export function stepping(inner: Backend, step: (what: string) => Promise<void>): Backend {
  return {
    ...inner,
    get: async (...args) => (await step(`get ${args[0]}`), inner.get(...args)),
    put: async (...args) => (await step(`put ${args[0]}`), inner.put(...args)),
    head: async (...args) => (await step(`head ${args[0]}`), inner.head(...args)),
    delete: async (...args) => (await step(`delete ${args[0]}`), inner.delete(...args)),
    async *list(prefix, ctx) {
      await step(`list ${prefix}`)
      const heads: Head[] = []
      for await (const head of inner.list(prefix, ctx)) heads.push(head)
      yield* heads
    },
  }
}

/** Does the first `alive` operations, then none ever again: as after a crash. */
export function crashing(inner: Backend, alive: number): Backend {
  let done = 0
  return stepping(inner, () => {
    if (++done <= alive) return Promise.resolve()
    return Promise.reject(new QuiltError('UNAVAILABLE', 'the machine is off'))
  })
}

/** As above, but what it is asked to do first after that is done: only the answer is lost. */
export function crashingAfter(inner: Backend, alive: number): Backend {
  let done = 0
  const off = (): QuiltError => new QuiltError('UNAVAILABLE', 'the machine is off')
  const run = async <T>(act: () => Promise<T>): Promise<T> => {
    if (++done > alive + 1) throw off()
    const result = await act()
    if (done > alive) throw off()
    return result
  }
  return {
    ...inner,
    get: (...args) => run(() => inner.get(...args)),
    put: (...args) => run(() => inner.put(...args)),
    head: (...args) => run(() => inner.head(...args)),
    delete: (...args) => run(() => inner.delete(...args)),
    async *list(prefix, ctx) {
      yield* await run(() => collect(inner.list(prefix, ctx)))
    },
  }
}

/** A state without the number, for comparing. */
export function refsOf(state: PackageState | undefined): Record<string, string> | undefined {
  return state && Object.fromEntries(state.refs)
}
