// How long to fuzz: short and seeded in `npm test`; `npm run fuzz` runs more, from a fresh seed that it prints.
import type { Parameters } from 'fast-check'

const fixedSeed = 20_240_506

/** Parameters of one property; `share` says how many runs it has beside the others. */
export function fuzzing<T>(share = 1): Parameters<T> {
  const runs = Number(process.env['QUILT_FUZZ_RUNS'] ?? 100)
  const seed = Number(process.env['QUILT_FUZZ_SEED'] ?? fixedSeed)
  if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed))
    throw new Error('QUILT_FUZZ_RUNS and QUILT_FUZZ_SEED are whole numbers')
  return { numRuns: Math.max(1, Math.round(runs * share)), seed }
}

/** So long a test may take, in milliseconds: the runner's own limit, and more for more runs. */
export const fuzzTimeout: number = 30_000 + Number(process.env['QUILT_FUZZ_RUNS'] ?? 0) * 100
