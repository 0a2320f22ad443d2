// A query's result as an Arrow IPC stream in a file: what another library reads from it, and what is left of a failure.
import { tableFromIPC } from '@uwdata/flechette'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sqlTo } from '../../../src/package/tables/sql.ts'
import { tableDesk } from '../../support/table-session.ts'

test('a result is written as Arrow, its types kept', async () => {
  const desk = await tableDesk()
  desk.write({ 'data/t.csv': 'id,name,day\n1,a,2024-02-29\n2,,2024-03-01\n' })
  await desk.build()
  const query = `select * from 'ada/data/t.csv' order by id desc`
  const { file } = await sqlTo(desk.session, query, { path: 'out.arrow', format: 'arrow' })
  const table = tableFromIPC(readFileSync(file), { useDate: true })
  expect(table.names).toEqual(['id', 'name', 'day'])
  expect([...table].map(({ id, name }) => [Number(id), name])).toEqual([
    [2, null],
    [1, 'a'],
  ])
  expect((table.toArray()[1] as { day: Date }).day.toISOString()).toBe('2024-02-29T00:00:00.000Z')
})

test('what cannot be written is named, and nothing is left', async () => {
  const desk = await tableDesk()
  desk.write({ 'data/t.csv': 'id\n1\n' })
  await desk.build()
  mkdirSync(`${desk.root}/taken`)
  for (const format of ['arrow', 'csv'] as const) {
    const target = { path: 'taken', format }
    await expect(sqlTo(desk.session, `from 'ada/data/t.csv'`, target)).rejects.toMatchObject({
      name: 'QuiltError',
      message: expect.stringContaining('taken') as string,
    })
  }
  expect(readdirSync(desk.root).filter((name) => name.endsWith('.tmp'))).toEqual([])
})
