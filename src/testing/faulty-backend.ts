// A backend of which one operation goes wrong.
import type { Backend, Head } from '../core/backend/backend.ts'
import { iterateBytes, type Bytes } from '../core/base/bytes.ts'
import { QuiltError } from '../core/base/error.ts'
import {
  delayed,
  faultCounter,
  faultError,
  flipBit,
  isDoneFirst,
  type Effect,
  type FaultPlan,
  type FaultRecord,
} from './fault.ts'

/** A backend, and what became of the fault. */
export interface FaultyBackend {
  readonly backend: Backend
  readonly record: FaultRecord
}

/**
 * `inner`, but for one fault. Each call is one operation, a listing too. A backend puts whole or not at all, so a
 * put that is torn takes a part of its body, keeps nothing and fails. Failures are UNAVAILABLE, of `EACCES` DENIED,
 * with the system's error as the cause.
 * @example const { backend, record } = faultyBackend(memoryBackend(), { fault: { kind: 'fail', code: 'EIO' }, at: 3 })
 */
export function faultyBackend(inner: Backend, plan: FaultPlan): FaultyBackend {
  const counter = faultCounter(plan)

  const run = async <T>(name: string, path: string, effect: Effect, act: () => Promise<T>): Promise<T> => {
    const fault = counter.next({ name, path, effect })
    await delayed(fault)
    const error = fault && faultError(fault, name)
    if (fault === undefined || error === undefined) {
      const result = await act()
      if (fault?.kind === 'flip' && result instanceof Uint8Array) flipBit(result)
      return result
    }
    if (isDoneFirst(fault)) await act()
    const code = fault.kind === 'fail' && fault.code === 'EACCES' ? 'DENIED' : 'UNAVAILABLE'
    throw new QuiltError(code, `${path}: ${error.message}`, { cause: error })
  }

  const backend: Backend = {
    get features() {
      return inner.features
    },
    get: (key, range, ctx) => run('get', key, 'read', () => inner.get(key, range, ctx)),
    put: (key, body, options, ctx) => {
      const torn = plan.fault.kind === 'tear' && counter.seen + 1 === plan.at
      return run('put', key, 'write', () => inner.put(key, body, options, ctx)).catch(
        async (error: unknown) => {
          if (torn) await takeSome(body)
          throw error
        },
      )
    },
    head: (key, ctx) => run('head', key, 'look', () => inner.head(key, ctx)),
    async *list(prefix, ctx) {
      yield* await run('list', prefix, 'look', async () => {
        const heads: Head[] = []
        for await (const head of inner.list(prefix, ctx)) heads.push(head)
        return heads
      })
    },
    delete: (key, ctx) => run('delete', key, 'remove', () => inner.delete(key, ctx)),
    close: () => inner.close(),
  }
  return { backend, record: counter }
}

async function takeSome(body: Bytes): Promise<void> {
  for await (const part of iterateBytes(body)) if (part.length > 0) return
}
