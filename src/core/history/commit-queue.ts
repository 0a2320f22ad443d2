// The commits that a walk has still to visit: the latest first. A binary heap, pure.
import { compareText } from '../base/bytes.ts'
import type { Commit } from '../model/commit.ts'
import type { Id } from '../model/id.ts'

/** A commit with its id. */
export interface KnownCommit {
  readonly id: Id
  readonly commit: Commit
}

/** Commits on a walk's way. */
export interface CommitQueue {
  push(commit: KnownCommit): void
  /** The one with the latest time; of equals that with the smaller id, so that every walk takes the same way. */
  pop(): KnownCommit | undefined
}

/** An empty queue. */
export function commitQueue(): CommitQueue {
  const heap: KnownCommit[] = []
  const swap = (i: number, j: number): void => {
    const at = heap[i] as KnownCommit
    heap[i] = heap[j] as KnownCommit
    heap[j] = at
  }
  const isBefore = (i: number, j: number): boolean =>
    compareCommits(heap[i] as KnownCommit, heap[j] as KnownCommit) < 0

  function sink(): void {
    for (let i = 0; ;) {
      let first = i
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < heap.length && isBefore(child, first)) first = child
      if (first === i) return
      swap(i, first)
      i = first
    }
  }

  return {
    push(commit) {
      heap.push(commit)
      for (let i = heap.length - 1; i > 0;) {
        const parent = (i - 1) >> 1
        if (!isBefore(i, parent)) return
        swap(i, parent)
        i = parent
      }
    },
    pop() {
      if (heap.length === 0) return undefined
      swap(0, heap.length - 1)
      const top = heap.pop()
      sink()
      return top
    },
  }
}

/** Below 0 when `a` is to be visited before `b`. */
export function compareCommits(a: KnownCommit, b: KnownCommit): number {
  return b.commit.author.time.getTime() - a.commit.author.time.getTime() || compareText(a.id, b.id)
}
