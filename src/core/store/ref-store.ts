// Refs as everyone above the store sees them: one state a package, moved whole, with a log of every move.
import type { Context } from '../base/context.ts'
import type { Identity } from '../model/commit.ts'
import type { Extent } from '../model/extent.ts'
import type { Id } from '../model/id.ts'
import type { PackageName } from '../model/package-name.ts'
import type { RefName } from '../model/ref-name.ts'

/** The refs of all packages of a repository. */
export interface RefStore {
  /** The package's state; `undefined` when there is no such package (or no more). Found under any case. */
  get(pkg: PackageName, ctx?: Context): Promise<PackageState | undefined>
  /** Every package, ascending by its key, in its exact spelling. */
  packages(ctx?: Context): AsyncIterable<PackageState>
  /**
   * Moves the refs of a package: `plan` sees the state and says what changes; all of it happens or nothing.
   * When another writer was first, `plan` is asked again with the newer state; whatever it throws ends this.
   * What it finds out about that state still holds when the move is made.
   * @throws CONFLICT naming the first ref that is not at its `from`, or when the name exists in another case
   */
  update(pkg: PackageName, plan: RefPlan, record: RefRecord, ctx?: Context): Promise<PackageState>
  /**
   * Deletes a package: its refs are gone, its log stays, its name may be used again.
   * @throws NOT_FOUND when there is none
   */
  remove(pkg: PackageName, record: RefRecord, ctx?: Context): Promise<void>
  /** Every move, newest first; empty when there never was such a package. */
  log(pkg: PackageName, ctx?: Context): AsyncIterable<LogRecord>
}

/** What a package is at one generation. */
export interface PackageState {
  /** In its exact spelling. */
  readonly pkg: PackageName
  readonly generation: number
  readonly refs: ReadonlyMap<RefName, Id>
  /** Commits of which not all is here: what is. */
  readonly partial: ReadonlyMap<Id, Extent>
  /** Commits whose parents are not here. */
  readonly shallow: ReadonlySet<Id>
  /** The remote of the first push or install. */
  readonly origin?: string
}

/** Says what changes, given the state (`undefined`: no such package yet). */
export type RefPlan = (state: PackageState | undefined) => RefChange | Promise<RefChange>

/** One change of a package's state. What is left out stays. */
export interface RefChange {
  readonly edits: readonly RefEdit[]
  /** What is here of commits: `all` forgets that one was partial. */
  readonly extents?: ReadonlyMap<Id, Extent | 'all'>
  /** Commits whose parents are not here (true), or have come (false). */
  readonly shallow?: ReadonlyMap<Id, boolean>
  readonly origin?: string
}

/** One ref from a commit to another; `undefined` for one that is not there. */
export interface RefEdit {
  readonly name: RefName
  readonly from: Id | undefined
  readonly to: Id | undefined
}

/** Who moved refs, when, and why. */
export interface RefRecord {
  readonly who: Identity
  readonly reason: string
}

/** One row of a package's log. */
export interface LogRecord extends RefRecord {
  readonly generation: number
  readonly edits: readonly RefEdit[]
  /** True when this move deleted the package. */
  readonly deleted: boolean
}
