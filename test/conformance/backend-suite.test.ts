// The suite itself: it must catch what is broken, or it proves nothing.
import { expect, test } from 'vitest'
import type { Backend } from '../../src/core/backend/backend.ts'
import { memoryBackend } from '../../src/core/backend/memory.ts'
import { collectBytes } from '../../src/core/base/bytes.ts'
import { backendCases } from '../../src/testing/backend-cases.ts'

const broken: Readonly<Record<string, (backend: Backend) => Partial<Backend>>> = {
  'loses a byte of a range': (b) => ({
    get: async (key, range, ctx) => (await b.get(key, range, ctx)).subarray(range === undefined ? 0 : 1),
  }),
  'ignores absent': (b) => ({ put: (key, body, _, ctx) => b.put(key, body, undefined, ctx) }),
  'looks before it puts, without turns': (b) => ({
    async put(key, body, options, ctx) {
      const head = await b.head(key, ctx)
      if (head !== undefined) return b.put(key, body, options, ctx)
      await new Promise((resolve) => setTimeout(resolve, 1))
      await b.put(key, body, undefined, ctx)
    },
  }),
  'lists backwards': (b) => ({
    async *list(prefix, ctx) {
      const heads = []
      for await (const head of b.list(prefix, ctx)) heads.push(head)
      yield* heads.toReversed()
    },
  }),
  'lists by whole parts only': (b) => ({
    async *list(prefix, ctx) {
      for await (const head of b.list(prefix, ctx)) {
        if (prefix === '' || head.key.startsWith(`${prefix.replace(/\/$/, '')}/`)) yield head
      }
    },
  }),
  'shows half a body': (b) => ({
    async put(key, body, options, ctx) {
      if (body instanceof Uint8Array) return b.put(key, body, options, ctx)
      if (options?.absent !== true) await b.put(key, new Uint8Array(3), options, ctx)
      await b.put(key, await collectBytes(body), options, ctx)
    },
  }),
  'throws when it deletes nothing': (b) => ({
    async delete(key, ctx) {
      await b.get(key)
      await b.delete(key, ctx)
    },
  }),
  'pays no heed to the signal': (b) => ({ head: (key) => b.head(key) }),
}

for (const [name, breaks] of Object.entries(broken)) {
  test(`catches a backend that ${name}`, async () => {
    const make = async (): Promise<Backend> => {
      const backend = memoryBackend({ now: () => new Date() })
      return { ...backend, ...breaks(backend) }
    }
    const outcomes = await Promise.allSettled(backendCases.map(({ run }) => run(make)))
    expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
  })
}
