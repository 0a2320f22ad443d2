// Every fault at every operation of every verb, on a disk in memory: the store opens, verify is clean, what was
// there is whole, what was reported done is there, and another try succeeds. QUILT_CRASH_ALL=1 tries all points and
// all disks that may be left, else a sample: QUILT_CRASH_POINTS of each, chosen by QUILT_CRASH_SEED.
import { describe, expect, test } from 'vitest'
import { dice } from '../support/crash-world.ts'
import { breakAt, courseOf, faults, holdUpAt, pointsOf } from '../support/crash-run.ts'
import { scenarios } from '../support/crash-scenarios.ts'

const all = process.env['QUILT_CRASH_ALL'] === '1'
const seed = Number(process.env['QUILT_CRASH_SEED'] ?? 1)
const timeout = 3_600_000
/** Points of one fault in one scenario, where not all are tried. */
const sampled = Number(process.env['QUILT_CRASH_POINTS'] ?? 1)

/** All points, or some. */
function pointsToTry(points: number, salt: number): readonly number[] {
  const roll = dice(seed * 7919 + points + salt)
  if (all) return Array.from({ length: points }, (_, i) => i + 1)
  return Array.from({ length: Math.min(sampled, points) }, () => 1 + roll(points))
}

describe.each(scenarios)('$name', (scenario) => {
  test.each(Object.entries(faults))('survives %s', { timeout }, async (name, fault) => {
    const course = await courseOf(scenario)
    const points = await pointsOf(course, fault)
    if (fault.kind !== 'flip') expect(points).toBeGreaterThan(0) // a first build reads nothing of a store
    const problems: string[] = []
    for (const at of pointsToTry(points, name.length)) {
      problems.push(...(await breakAt(course, { fault, at, thorough: all })))
    }
    expect(problems).toEqual([])
  })

  test.skipIf(scenario.name === 'gc' || scenario.name === 'repack')(
    'is not hurt by a gc that runs while it is held up',
    { timeout },
    async () => {
      const course = await courseOf(scenario)
      const points = await pointsOf(course, { kind: 'delay', milliseconds: 0 })
      const problems: string[] = []
      for (const at of pointsToTry(points, 5)) problems.push(...(await holdUpAt(course, at)))
      expect(problems).toEqual([])
    },
  )
})
