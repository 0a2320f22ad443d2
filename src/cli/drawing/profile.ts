// A table's profile as rows of text, its histograms drawn with blocks.
import type { TableProfile } from '../../package/tables/profile-tables.ts'
import { formatCount } from '../printable.ts'

const blocks = '▁▂▃▄▅▆▇█'

/** The titles of `profileRows`. */
export const profileTitles = [
  'column',
  'type',
  { title: 'nulls', right: true },
  { title: 'distinct', right: true },
  'min',
  'max',
  'histogram',
] as const

/** A row for each column. */
export function profileRows({ columns }: TableProfile): readonly (readonly string[])[] {
  return columns.map(({ name, type, nulls, distinct, min, max, histogram }) => [
    name,
    type,
    formatCount(nulls),
    formatCount(distinct),
    min ?? '',
    max ?? '',
    drawn(histogram ?? []),
  ])
}

/** Counts as blocks: none of them where there is nothing, the lowest where there is little. */
function drawn(counts: readonly number[]): string {
  const most = Math.max(1, ...counts)
  return counts
    .map((count) => (count === 0 ? ' ' : (blocks[Math.ceil((count / most) * blocks.length) - 1] as string)))
    .join('')
}
