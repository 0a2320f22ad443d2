// Stores with dead and living packs, and what must hold after every gc.
import { expect } from 'vitest'
import { gc } from '../../src/core/repo/gc.ts'
import { condemnedPrefix, writerPrefix } from '../../src/core/store/layout.ts'
import { lapseMilliseconds } from '../../src/core/store/writers.ts'
import { keysOf } from './ref-bench.ts'
import {
  bench,
  type Bench,
  type Files,
  buildPackage,
  noise,
  problemsOf,
  publish,
  readPackage,
  removePackage,
  reopen,
  sameFiles,
  text,
  writeCommit,
  writeFiles,
} from './store-bench.ts'

/** What most tests keep. */
export const small = { 'a.csv': text('a,b\n1,2\n'), 'deep/b.csv': text('x\n1\n') }
/** Above the chunk threshold. */
export const large = { 'big.bin': noise(700_000, 3), 'more/c.bin': noise(400_000, 4) }

/** A store in which `files` lie in packs that no package reaches any more, beside what is reached. */
export async function withDead(seed = 1): Promise<Bench> {
  const made = await bench(seed)
  await buildPackage(made.repo, 'ada/kept', small)
  await buildPackage(made.repo, 'ada/old', { ...large, ...small, 'own.csv': text('old only') })
  await removePackage(made.repo, 'ada/old')
  return made
}

/** All is there, another process finds nothing wrong, and what is dead can be freed. */
export async function expectSound(
  { backend, clock }: Bench,
  packages: Readonly<Record<string, Files>>,
): Promise<void> {
  const repo = await reopen(backend, 77)
  for (const [name, files] of Object.entries(packages)) {
    expect(sameFiles(await readPackage(repo, name), files)).toBe(true)
  }
  expect(await problemsOf(repo)).toEqual([])
  clock.time += 2 * lapseMilliseconds // whoever crashed has lapsed
  const report = await gc(repo)
  expect(report.waiting).toBe(0)
  const again = await reopen(backend, 78)
  expect(await problemsOf(again)).toEqual([])
  for (const [name, files] of Object.entries(packages)) {
    expect(sameFiles(await readPackage(again, name), files)).toBe(true)
  }
  for (const prefix of [condemnedPrefix, writerPrefix]) expect(await keysOf(backend, prefix)).toEqual([])
}

export const fresh = { ...large, 'new.csv': text('new only') }

export const twin = { 'twin.bin': noise(200_000, 11), 'one.txt': text('1') }

/** As `withDead`, and an object that is reached lies in two packs, beside what is dead. */
export async function withTwins(): Promise<Bench> {
  const made = await withDead()
  const other = await reopen(made.backend, 12)
  const both = [made.repo, other].map((repo, i) =>
    repo.objects.batch(
      async (out) => {
        const extra = { ...twin, 'pad.bin': noise(250_000, 20 + i) }
        await writeFiles(out, extra)
        return writeCommit(out, await writeFiles(out, twin))
      },
      (commit) => publish(made.repo, 'ada/twin', commit),
    ),
  )
  await Promise.all(both)
  return made
}
