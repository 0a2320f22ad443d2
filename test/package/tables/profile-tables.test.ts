// Profiles of tables: what is missing, what differs, from where to where, how spread.
import { expect, test } from 'vitest'
import { profileRows } from '../../../src/cli/drawing/profile.ts'
import { inspect } from '../../../src/package/inspect.ts'
import { tableDesk } from '../../support/table-session.ts'

test('a column is counted, ranged and spread in ten', async () => {
  const desk = await tableDesk()
  const rows = Array.from({ length: 1000 }, (_, i) => {
    const day = `2024-01-${String((i % 28) + 1).padStart(2, '0')}`
    return [i % 4 === 0 ? '' : i, i % 3, day, `name ${String(i % 7)}`, i === 0 ? 'inf' : i / 8].join(',')
  })
  desk.write({
    'data/t.csv': `gap,few,day,text,infinite\n${rows.join('\n')}\n`,
    'data/empty.csv': 'a,b\n',
    'data/one.csv': 'a\n5\n5\n',
    'data/README.md': 'no table',
  })
  await desk.build()
  const { profiles = [] } = await inspect(desk.session, 'ada/data', { profile: true })
  const columns = new Map(
    profiles.flatMap(({ path, columns: all }) => all.map((one) => [`${path} ${one.name}`, one] as const)),
  )
  expect([...new Set(profiles.map(({ path, rows: count }) => `${path} ${String(count)}`))]).toEqual(
    expect.arrayContaining(['t.csv 1000', 'one.csv 2']),
  )
  const gap = columns.get('t.csv gap')
  expect(gap).toMatchObject({ type: 'int64', nulls: 250, distinct: 750, min: '1', max: '999' })
  expect(gap?.histogram).toHaveLength(10)
  expect(gap?.histogram?.reduce((sum, n) => sum + n, 0)).toBe(750)
  expect(columns.get('t.csv few')).toMatchObject({
    nulls: 0,
    distinct: 3,
    histogram: [334, 0, 0, 0, 0, 333, 0, 0, 0, 333],
  })
  expect(columns.get('t.csv day')).toMatchObject({ min: '2024-01-01', max: '2024-01-28' })
  expect(columns.get('t.csv text')).toMatchObject({ distinct: 7, min: 'name 0', max: 'name 6' })
  expect(columns.get('t.csv text')?.histogram).toBeUndefined()
  expect(columns.get('t.csv infinite')?.histogram?.reduce((sum, n) => sum + n, 0)).toBe(999)
  expect(columns.get('one.csv a')).toEqual({
    name: 'a',
    type: 'int64',
    nulls: 0,
    distinct: 1,
    min: '5',
    max: '5',
  })
  const drawn = profileRows(profiles.find(({ path }) => path === 't.csv') as (typeof profiles)[number])
  expect(drawn[1]).toEqual(['few', 'int64', '0', '3', '0', '2', '█    █   █'])
})

test('what is no table has none', async () => {
  const desk = await tableDesk()
  desk.write({ 'data/README.md': 'no table' })
  await desk.build()
  await expect(inspect(desk.session, 'ada/data', { profile: true })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
})
