// What differs between two states of a table: columns, counts, rows; and that what they share is not read.
import { readdirSync, rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { diff, diffTableRows } from '../../../src/package/diff.ts'
import { collect } from '../../support/ref-bench.ts'
import { tableDesk, type TableDesk } from '../../support/table-session.ts'

const rowsOf = async (desk: TableDesk, path: string, key?: readonly string[]): Promise<unknown[]> =>
  collect((await diffTableRows(desk.session, { a: 'ada/data', path, key })).rows())

describe('two states of a table', () => {
  test('differ in columns and rows, which are counted', async () => {
    const desk = await tableDesk()
    desk.write({ 'data/t.csv': 'id,n,old\n1,1,x\n2,2,x\n2,2,x\n3,3,x\n', 'data/same.csv': 'a\n1\n' })
    await desk.build()
    desk.write({ 'data/t.csv': 'id,n,new\n1,1,y\n2,2,y\n3,3.5,y\n4,4,y\n' })
    await desk.build()
    expect((await diff(desk.session, { a: 'ada/data' })).tables).toEqual([
      {
        path: 't.csv',
        columns: {
          added: [{ name: 'new', type: 'utf8', nullable: true }],
          removed: [{ name: 'old', type: 'utf8', nullable: true }],
          changed: [{ name: 'n', from: 'int64', to: 'double' }],
        },
        rows: { added: 2, removed: 2 },
      },
    ])
  })

  test('show their rows, in one order; with a key those that changed, before and after', async () => {
    const desk = await tableDesk()
    desk.write({ 'data/t.csv': 'id,n\n1,a\n2,b\n3,c\n,d\n' })
    await desk.build()
    desk.write({ 'data/t.csv': 'id,n\n4,e\n3,c\n2,B\n,D\n' })
    await desk.build()
    expect(await rowsOf(desk, 't.csv')).toEqual([
      { change: 'removed', id: 1, n: 'a' },
      { change: 'added', id: 2, n: 'B' },
      { change: 'removed', id: 2, n: 'b' },
      { change: 'added', id: 4, n: 'e' },
      { change: 'added', id: null, n: 'D' },
      { change: 'removed', id: null, n: 'd' },
    ])
    expect(await rowsOf(desk, 't.csv', ['id'])).toEqual([
      { change: 'removed', id: 1, n: 'a' },
      { change: 'before', id: 2, n: 'b' },
      { change: 'after', id: 2, n: 'B' },
      { change: 'added', id: 4, n: 'e' },
      { change: 'before', id: null, n: 'd' },
      { change: 'after', id: null, n: 'D' },
    ])
    await expect(rowsOf(desk, 't.csv', ['ID'])).rejects.toMatchObject({
      code: 'INVALID',
      hint: 'there are id, n',
    })
    await expect(rowsOf(desk, 'nowhere.csv')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('that are the same have none, and a column called change keeps its name', async () => {
    const desk = await tableDesk()
    desk.write({ 'data/t.csv': 'change\n1\n', 'data/other': '1' })
    await desk.build()
    desk.write({ 'data/other': '2' })
    await desk.build()
    expect(await rowsOf(desk, 't.csv')).toEqual([])
    desk.write({ 'data/t.csv': 'change\n2\n' })
    await desk.build()
    expect(await rowsOf(desk, 't.csv')).toEqual([
      { _change: 'removed', change: 1 },
      { _change: 'added', change: 2 },
    ])
  })
})

test('parts that both have are not read', async () => {
  const desk = await tableDesk()
  const lines = Array.from(
    { length: 1_200_000 },
    (_, i) => `${String(i)},${String((i * 7919) % 1009)},some text of a row`,
  )
  desk.write({ 'data/t.csv': `id,n,text\n${lines.join('\n')}\n` })
  await desk.build()
  lines.splice(600_000, 0, '-1,-1,put between')
  desk.write({ 'data/t.csv': `id,n,text\n${lines.join('\n')}\n` })
  await desk.build()
  const plain = `${desk.root}/ada-store/files`
  rmSync(plain, { recursive: true, force: true })
  const [table] = (await diff(desk.session, { a: 'ada/data' })).tables
  expect(table?.rows).toEqual({ added: 1, removed: 0 })
  const made = readdirSync(plain, { recursive: true, encoding: 'utf8' }).filter((path) => path.length > 60)
  expect(made.length).toBeGreaterThan(0)
  expect(made.length).toBeLessThanOrEqual(4)
})
