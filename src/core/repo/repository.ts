// A repository as everyone sees it: local store, bare folder or bucket, or one package of a registry.
import type { ObjectStore } from '../store/object-store.ts'
import type { RefStore } from '../store/ref-store.ts'

/** Objects and the refs that keep them. */
export interface Repository {
  readonly objects: ObjectStore
  readonly refs: RefStore
  close(): Promise<void>
}
