// Exports that convert tables on request; without it every file is the very bytes that went in.
import { readFileSync, readlinkSync, symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { build } from '../../src/package/build.ts'
import { exportPackage } from '../../src/package/export.ts'
import { sql } from '../../src/package/tables/sql.ts'
import { collect } from '../support/ref-bench.ts'
import { disks, type Disk } from '../support/two-disks.ts'
import { workbook } from '../support/workbook.ts'

const disk = (): Disk => (disks[0] as (typeof disks)[number])[1]()
const csv = 'name,n\na,1\nb,\n'

test('tables are written in the format asked for, all else as it is', async () => {
  const { write, session, paths, read, root } = disk()
  write({ 'p/t.csv': csv, 'p/README.md': 'text', 'p/deep/u.tsv': 'x\ty\n1\t2024-02-29\n', 'p/empty/': '' })
  symlinkSync('deep/u.tsv', `${root}/p/link`)
  const ada = await session('ada')
  await build(ada, { handle: 'ada/p', path: 'p' })
  const done = await exportPackage(ada, { handle: 'ada/p', destination: 'out' }, { format: 'json' })
  expect(paths('out')).toEqual(['README.md', 'deep/', 'deep/u.json', 'empty/', 'link', 't.json'])
  expect(readlinkSync(`${root}/out/link`)).toBe('deep/u.json')
  expect(JSON.parse(read('out/t.json'))).toEqual([
    { name: 'a', n: 1 },
    { name: 'b', n: null },
  ])
  expect(done.files).toBe(3)
  await exportPackage(ada, { handle: 'ada/p/deep', destination: 'part' }, { format: 'parquet' })
  expect(paths('part')).toEqual(['deep/', 'deep/u.parquet'])
  write({ 'again/u.parquet': readFileSync(`${root}/part/deep/u.parquet`) })
  await build(ada, { handle: 'ada/again', path: 'again' })
  const { rows } = await sql(ada, `select x, y from 'ada/again/u.parquet'`)
  expect(await collect(rows())).toEqual([{ x: 1, y: '2024-02-29' }])
  await exportPackage(ada, { handle: 'ada/p', destination: 'same' }, { format: 'csv' })
  expect(read('same/t.csv')).toBe(csv)
})

test('a name that is taken keeps its ending before the new one, and a file of several tables becomes a folder', async () => {
  const { write, session, paths, read } = disk()
  write({
    'p/t.csv': csv,
    'p/t.json': '[{"a":1}]',
    'p/book.xlsx': await workbook({ one: [['a'], [1]], two: [['b'], [2]] }),
  })
  const ada = await session('ada')
  await build(ada, { handle: 'ada/p', path: 'p' })
  await exportPackage(ada, { handle: 'ada/p', destination: 'out' }, { format: 'json' })
  expect(paths('out')).toEqual(['book/', 'book/one.json', 'book/two.json', 't.csv.json', 't.json'])
  expect(JSON.parse(read('out/book/two.json'))).toEqual([{ b: 2 }])
})

test('nothing is written over, and links are not made to what is converted', async () => {
  const { write, session, read } = disk()
  write({ 'p/t.csv': csv, 'out/t.json': 'mine' })
  const ada = await session('ada')
  await build(ada, { handle: 'ada/p', path: 'p' })
  const target = { handle: 'ada/p', destination: 'out' }
  await expect(exportPackage(ada, target, { format: 'json' })).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(read('out/t.json')).toBe('mine')
  await expect(exportPackage(ada, target, { format: 'json', symlinks: true })).rejects.toMatchObject({
    code: 'INVALID',
  })
})
