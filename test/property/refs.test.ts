import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Backend } from '../../src/core/backend/backend.ts'
import { memoryBackend } from '../../src/core/backend/memory.ts'
import { isQuiltError } from '../../src/core/base/error.ts'
import { latest, parseRefName } from '../../src/core/model/ref-name.ts'
import type { RefStore } from '../../src/core/store/ref-store.ts'
import { verifyRefs } from '../../src/core/store/verify-refs.ts'
import {
  collect,
  idOf,
  keysOf,
  moveTo,
  openRefs,
  record,
  replay,
  stepping,
  wine,
} from '../support/ref-bench.ts'

/** What one writer does, one after the other. */
type Act = 'move' | 'tag' | 'remove' | 'strict' | 'get' | 'log'
const acts: fc.Arbitrary<Act> = fc.constantFrom(
  'move',
  'move',
  'move',
  'tag',
  'remove',
  'strict',
  'get',
  'log',
)

/** One operation that waits for its turn. */
interface Turn {
  readonly writer: number
  readonly go: () => void
}

/**
 * Lets the operations of all writers run one at a time, in an order that `dice` chooses. A writer chosen to sleep
 * is passed over for many turns, so that others move and fold meanwhile.
 */
function schedule(dice: () => number): {
  view(inner: Backend, writer: number): Backend
  run(work: readonly Promise<unknown>[]): Promise<void>
} {
  const turns: Turn[] = []
  const asleep = new Map<number, number>()
  const awake = (turn: Turn): boolean => (asleep.get(turn.writer) ?? 0) <= 0
  return {
    view: (inner, writer) =>
      stepping(inner, () => new Promise((resolve) => void turns.push({ writer, go: resolve }))),
    async run(work) {
      let done = false
      const all = Promise.allSettled(work).then(() => (done = true))
      while (!done) {
        await new Promise((resolve) => setImmediate(resolve))
        for (const [writer, left] of asleep) asleep.set(writer, left - 1)
        const ready = turns.filter(awake)
        const choice = (ready.length > 0 ? ready : turns)[Math.floor(dice() * (ready.length || turns.length))]
        if (choice === undefined) continue
        if (ready.length > 1 && dice() < 0.15) asleep.set(choice.writer, Math.floor(dice() * 150))
        else turns.splice(turns.indexOf(choice), 1)[0]?.go()
      }
      await all
    },
  }
}

/** Small and fast: the same seed gives the same run. */
function seeded(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

interface Outcome {
  readonly name: string
  readonly ok: boolean
}

/** Runs a writer's acts; says of each move that it asked for whether it was told that it succeeded. */
async function write(
  refs: RefStore,
  list: readonly Act[],
  writer: number,
  outcomes: Outcome[],
): Promise<void> {
  for (const [i, act] of list.entries()) {
    const name = `${String(writer)}.${String(i)} ${act}`
    const to = idOf(1 + writer * 1000 + i)
    const attempt = async (run: () => Promise<unknown>): Promise<void> => {
      try {
        await run()
        outcomes.push({ name, ok: true })
      } catch (error) {
        if (!isQuiltError(error)) throw error
        outcomes.push({ name, ok: false })
      }
    }
    if (act === 'move') await attempt(() => refs.update(wine, moveTo(to), record(name)))
    else if (act === 'tag')
      await attempt(() => refs.update(wine, moveTo(to, parseRefName(`tag/t${String(i % 3)}`)), record(name)))
    else if (act === 'remove') await attempt(() => refs.remove(wine, record(name)))
    else if (act === 'strict') {
      const from = (await refs.get(wine))?.refs.get(latest)
      await attempt(() => refs.update(wine, () => ({ edits: [{ name: latest, from, to }] }), record(name)))
    } else if (act === 'get') await refs.get(wine)
    else {
      const log = await collect(refs.log(wine))
      expect(log.map((row) => row.generation)).toEqual(log.map((_, at) => log.length - at))
      replay(log)
    }
  }
}

test(
  'H63, H66: writers that interleave at every operation, and sleep across folds, lose nothing',
  { timeout: 300_000 },
  async () => {
    const writers = fc.array(fc.array(acts, { minLength: 1, maxLength: 12 }), { minLength: 2, maxLength: 5 })
    const rules = fc.record({
      keep: fc.integer({ min: 1, max: 4 }),
      foldAbove: fc.integer({ min: 1, max: 8 }),
      joinBytes: fc.constantFrom(0, 1000, 4_000_000),
    })
    await fc.assert(
      fc.asyncProperty(writers, rules, fc.integer(), async (lists, fold, seed) => {
        const backend = memoryBackend()
        const outcomes: Outcome[] = []
        const { view, run } = schedule(seeded(seed))
        const work = lists.map((list, i) => write(openRefs(view(backend, i), fold), list, i, outcomes))
        await run(work)
        await Promise.all(work)

        const refs = openRefs(backend, fold)
        const log = await collect(refs.log(wine))
        expect(log.map((row) => row.generation)).toEqual(log.map((_, i) => log.length - i))
        const won = outcomes.filter((outcome) => outcome.ok).map((outcome) => outcome.name)
        expect(log.map((row) => row.reason).sort()).toEqual(won.sort())
        expect((await refs.get(wine))?.refs ?? new Map()).toEqual(replay(log))
        expect(await collect(verifyRefs(backend))).toEqual([])

        // Strays and leftovers go with the next few moves.
        for (let i = 0; i < 3; i++) await refs.update(wine, moveTo(idOf(90_000 + i)), record('after'))
        expect((await keysOf(backend)).filter((key) => /\/g\d+$/.test(key)).length).toBeLessThanOrEqual(
          Math.max(fold.foldAbove, fold.keep) + 1,
        )
      }),
      { numRuns: Number(process.env['REFS_RUNS'] ?? 150) },
    )
  },
)

test('a log of any history replays to the state, folded in any way', { timeout: 120_000 }, async () => {
  const names = fc.constantFrom('latest', 'tag/a', 'tag/b', 'version/1.0').map(parseRefName)
  const step = fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record({
        name: names,
        to: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
      }),
    },
    { weight: 1, arbitrary: fc.constant('remove' as const) },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.record({ keep: fc.integer({ min: 1, max: 5 }), foldAbove: fc.integer({ min: 1, max: 9 }) }),
      async (steps, fold) => {
        const backend = memoryBackend()
        const refs = openRefs(backend, fold)
        const model = new Map<string, string>()
        let generation = 0
        let exists = false
        for (const asked of steps) {
          if (asked === 'remove') {
            if (!exists) continue
            await refs.remove(wine, record('remove'))
            model.clear()
            exists = false
            generation++
          } else {
            const to = asked.to === undefined ? undefined : idOf(asked.to)
            const from = model.get(asked.name)
            if (from === to && !exists) continue
            if (from !== to) generation++
            exists = true
            await refs.update(
              wine,
              (state) => ({ edits: [{ name: asked.name, from: state?.refs.get(asked.name), to }] }),
              record('move'),
            )
            if (to === undefined) model.delete(asked.name)
            else model.set(asked.name, to)
          }
        }
        const state = await refs.get(wine)
        expect(state && Object.fromEntries(state.refs)).toEqual(
          exists ? Object.fromEntries(model) : undefined,
        )
        const log = await collect(refs.log(wine))
        expect(log).toHaveLength(generation)
        expect(Object.fromEntries(replay(log))).toEqual(Object.fromEntries(model))
        expect(await collect(verifyRefs(backend))).toEqual([])
      },
    ),
    { numRuns: 60 },
  )
})
