// Ranges against the size of what they are taken from: one rule for all backends.
import { QuiltError } from '../base/error.ts'
import type { Range } from './backend.ts'

/**
 * The range to read: the one asked for, or all of the `size` bytes under `key`.
 * @throws INVALID when it ends beyond them, or before it starts
 */
export function checkRange(range: Range | undefined, size: number, key: string): Range {
  if (range === undefined) return { start: 0, end: size }
  const { start, end } = range
  const whole = Number.isSafeInteger(start) && Number.isSafeInteger(end)
  if (!whole || start < 0 || start > end || end > size) {
    throw new QuiltError('INVALID', `range ${start}-${end} of ${key} lies outside its ${size} bytes`)
  }
  return range
}
