// Bounded parallelism: never more than `width` promises under way, whatever the length of the input.

/**
 * Runs `work` over `items` with at most `width` under way, and yields the results in the items' order.
 * The first failure stops taking new items and is thrown once reached; later results are dropped.
 */
export async function* mapOrdered<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const underWay: Promise<R>[] = []
  try {
    for await (const item of items) {
      const started = work(item)
      started.catch(() => undefined) // its failure is thrown where it is awaited, in order
      underWay.push(started)
      if (underWay.length >= width) yield await (underWay.shift() as Promise<R>)
    }
    while (underWay.length > 0) yield await (underWay.shift() as Promise<R>)
  } finally {
    await Promise.allSettled(underWay)
  }
}

/** Items in groups of `size`, the last one shorter. */
export async function* inGroups<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<readonly T[]> {
  let group: T[] = []
  for await (const item of items) {
    if (group.push(item) < size) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}

/** The items of groups, one by one: for what looks at few of them, or waits for each. */
export async function* singly<T>(groups: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const group of groups) yield* group
}

/** Lets work begin while all that runs is of no more weight than `most` together; what is more than that runs alone. */
export function turnsByWeight(most: number): <T>(weight: number, run: () => Promise<T>) => Promise<T> {
  let held = 0
  const waiting: (() => void)[] = []
  return async (weight, run) => {
    while (held > 0 && held + weight > most) await new Promise<void>((resolve) => waiting.push(resolve))
    held += weight
    try {
      return await run()
    } finally {
      held -= weight
      for (const wake of waiting.splice(0)) wake()
    }
  }
}
