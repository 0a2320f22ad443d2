// What is to become of a source: the package or node that is built from it, and what is allowed on the way.
import type { Commit } from '../../core/model/commit.ts'
import type { Handle } from '../../core/model/revision.ts'
import type { ObjectReader } from '../../core/store/object-store.ts'
import type { Session } from '../session.ts'

/** What a source is for. */
export interface SourceSetting {
  readonly session: Session
  /** The package or node that it becomes. */
  readonly at: Pick<Handle, 'pkg' | 'path'>
  /** `latest` before. */
  readonly commit: Commit | undefined
  /** What of the store's objects is read. */
  readonly objects: ObjectReader
  readonly followLinks: boolean
  /** True when a build file's sources may lie outside its folder. */
  readonly allowOutside: boolean
  /** False in a dry run: then nothing is fetched. */
  readonly fetch: boolean
}
