// Figures from samples.

/** The middle one, or the mean of the middle two; `undefined` of none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const high = sorted[Math.floor(middle)]
  const low = sorted[Math.ceil(middle) - 1]
  return high === undefined || low === undefined ? undefined : (high + low) / 2
}

/** The median of what `read` finds in the samples; `undefined` where it finds nothing. */
export function medianOf<T>(
  samples: readonly T[],
  read: (sample: T) => number | undefined,
): number | undefined {
  return median(samples.map(read).filter((value) => value !== undefined))
}
