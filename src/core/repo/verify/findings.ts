// What a verification has found: damage by object, and whom it hurts.
import type { Id } from '../../model/id.ts'
import type { Scratch } from '../sets/scratch.ts'
import { spillingIds, type SpillingIds } from '../sets/spilling-set.ts'

/** Damage. */
export interface FoundProblem {
  readonly what: 'object' | 'pack' | 'index' | 'refs' | 'missing' | 'file' | 'plain'
  /** The object that is damaged or missing. */
  readonly id?: Id
  /** The file that is damaged. */
  readonly key?: string
  readonly message: string
  /** Packages that it hurts. */
  readonly packages: readonly string[]
  /** Where it hurts them, as handles: at most 20. */
  readonly paths: readonly string[]
}

/** How much was looked at. */
export interface Counts {
  readonly packs: number
  readonly objects: number
  readonly bytes: number
  readonly packages: number
  readonly commits: number
}

/** Most places of one object that are named. */
const mostPaths = 20

/** Collects what is found. */
export interface Findings {
  readonly checked: { -readonly [K in keyof Counts]: number }
  /** Objects that are whole. */
  readonly whole: SpillingIds
  /** A damaged file. */
  file(
    what: 'pack' | 'index' | 'refs' | 'file',
    key: string,
    message: string,
    packages?: readonly string[],
  ): void
  /** An object that is damaged. Another copy of it may be whole. */
  damaged(id: Id, message: string): void
  /** That a package lacks an object; `message` for one of which nothing is known yet. */
  hurts(id: Id, where: { readonly package: string; readonly path: string }, message: string): void
  problems(): Iterable<FoundProblem>
}

interface Damage {
  readonly what: 'object' | 'missing'
  readonly message: string
  readonly packages: Set<string>
  readonly paths: string[]
}

/** Nothing found yet. */
export function findings(scratch?: Scratch): Findings {
  const files: FoundProblem[] = []
  const objects = new Map<Id, Damage>()
  const note = (id: Id, what: Damage['what'], message: string): Damage => {
    let known = objects.get(id)
    if (known === undefined) objects.set(id, (known = { what, message, packages: new Set(), paths: [] }))
    return known
  }
  return {
    checked: { packs: 0, objects: 0, bytes: 0, packages: 0, commits: 0 },
    whole: spillingIds(scratch),
    file: (what, key, message, packages = []) => {
      files.push({ what, key, message, packages, paths: [] })
    },
    damaged: (id, message) => {
      note(id, 'object', message)
    },
    hurts: (id, where, message) => {
      const { packages, paths } = note(id, 'missing', message)
      packages.add(where.package)
      if (paths.length < mostPaths && !paths.includes(where.path)) paths.push(where.path)
    },
    problems: function* () {
      yield* files
      for (const [id, { what, message, packages, paths }] of objects) {
        yield { what, id, message, packages: [...packages], paths }
      }
    },
  }
}
