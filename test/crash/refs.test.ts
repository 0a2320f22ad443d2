import { describe, expect, test } from 'vitest'
import { memoryBackend } from '../../src/core/backend/memory.ts'
import { verifyRefs } from '../../src/core/store/verify-refs.ts'
import {
  collect,
  crashing,
  crashingAfter,
  idOf,
  keysOf,
  moveTo,
  moves,
  openRefs,
  record,
  replay,
  wine,
} from '../support/ref-bench.ts'

describe('crashes', () => {
  const crashes = { 'before an operation': crashing, 'between an operation and its answer': crashingAfter }
  for (const [when, crash] of Object.entries(crashes)) {
    test(`stopping ${when} leaves the old state or the new one, and the whole log`, async () => {
      const template = memoryBackend()
      const rules = { keep: 1, foldAbove: 2 }
      await moves(openRefs(template, { ...rules, foldAbove: 1000 }), 5)
      let finished = 0
      for (let alive = 0; finished < 10; alive++) {
        const backend = memoryBackend()
        for (const key of await keysOf(template)) await backend.put(key, await template.get(key))
        const dying = openRefs(crash(backend, alive), rules)
        let done = 5
        try {
          for (let i = 6; i <= 14; i++) {
            await dying.update(wine, moveTo(idOf(i)), record(`move ${String(i)}`))
            done = i
          }
          await dying.remove(wine, record('gone'))
          done = 15
          await dying.update(wine, moveTo(idOf(16)), record('anew'))
          done = 16
        } catch (error) {
          expect(error).toMatchObject({ code: 'UNAVAILABLE' })
        }
        const refs = openRefs(backend, rules)
        const log = await collect(refs.log(wine))
        expect([done, done + 1]).toContain(log.length)
        expect(log.map((row) => row.generation)).toEqual(Array.from(log, (_, i) => log.length - i))
        const state = await refs.get(wine)
        expect(state?.refs ?? new Map()).toEqual(replay(log))
        expect(await collect(verifyRefs(backend))).toEqual([])
        await refs.update(wine, moveTo(idOf(99)), record('after'))
        await refs.update(wine, moveTo(idOf(98)), record('after'))
        expect(await collect(refs.log(wine))).toHaveLength(log.length + 2)
        expect((await keysOf(backend)).length).toBeLessThan(8)
        if (done === 16) finished++ // the last fold may still be cut off
      }
    })
  }
})
