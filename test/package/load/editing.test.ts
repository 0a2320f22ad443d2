// Packages changed in memory and built: what was touched is new, all else is taken over.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tableFromArrays, tableToIPC } from '@uwdata/flechette'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import * as quilt from '../../../src/index.ts'
import type { Loaded } from '../../../src/index.ts'

const examples = fileURLToPath(new URL('../../../examples', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'quilt-test-'))
const desk = { store: join(root, 'store'), folder: root, env: { HOME: root } }
afterAll(() => rmSync(root, { recursive: true, force: true }))
beforeAll(async () => {
  await quilt.build('ada/nature', join(examples, 'v1'), desk)
})

const all = async <T>(items: AsyncIterable<T>): Promise<readonly T[]> => {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

async function loaded(handle = 'ada/nature'): Promise<Loaded> {
  const tree = await quilt.load(handle, desk)
  onTestFinished(() => tree.close())
  return tree
}

test('an edited tree shows its changes, and builds to what a folder with them builds to', async () => {
  const nature = await loaded()
  await nature.set('notes/today.txt', { text: 'sunny\n' })
  await nature.set('blob.bin', new Uint8Array([1, 2, 3]))
  writeFileSync(join(root, 'more.csv'), 'a,b\n1,2\n')
  await nature.set('weather/more.csv', 'more.csv')
  await nature.remove('charts')
  await nature.rename('airports', 'airfields.csv')
  expect(await nature.keys()).toEqual([
    'README.md',
    'airfields.csv',
    'birdstrikes.csv',
    'blob.bin',
    'earth',
    'notes',
    'weather',
  ])
  expect(await nature['notes']!['today']!.text()).toBe('sunny\n')
  expect(await nature['airfields']!.rowCount).toBeGreaterThan(3000)
  const before = await quilt.ls(desk)
  expect(before.map(({ package: name }) => name)).toEqual(['ada/nature'])
  const built = await quilt.build('ada/edited', nature, { ...desk, message: 'edited' })
  const folder = join(root, 'out')
  await quilt.exportPackage('ada/edited', folder, desk)
  const again = await quilt.build('ada/folder', folder, desk)
  expect(again).toMatchObject({
    topHash: built.topHash,
    files: built.files,
    bytes: built.bytes,
    tables: built.tables,
  })
  expect(await quilt.diff('ada/nature', 'ada/edited', desk)).toMatchObject({
    renamed: [{ from: 'airports.csv', to: 'airfields.csv' }],
  })
  expect((await quilt.verify(['ada/edited'], desk)).problems).toEqual([])
})

test('untouched tables are not written again, in the package and in another', async () => {
  const nature = await loaded()
  const session = await quilt.openSession(desk)
  onTestFinished(() => session.close())
  let parsed = 0
  const refuse = (): Promise<never> => Promise.reject(new Error('a table is made'))
  const parsers = session.tables.parsers.map((one) => ({ ...one, load: () => (parsed++, one.load()) }))
  const watching = {
    ...session,
    tables: {
      ...session.tables,
      parsers,
      engine: () => ({ ...session.tables.engine(), with: refuse, connect: refuse }),
    },
  }
  await nature.setMeta({ about: 'birds' })
  const same = await quilt.build('ada/copy', nature, { session: watching })
  expect(same.tables).toBe(7)
  expect(parsed).toBeGreaterThan(0)
  await nature.set('x.bin', new Uint8Array(10))
  const more = await quilt.build('ada/copy', nature, { session: watching })
  expect(more).toMatchObject({ tables: 7, unchanged: false })
  expect(more.newBytes).toBeLessThan(5000)
  expect(await quilt.build('ada/copy', nature, { session: watching })).toMatchObject({ unchanged: true })
  expect((await quilt.inspect('ada/copy', desk)).meta).toEqual({ about: 'birds' })
})

test('rows become a table of the types that they have, before and after the build', async () => {
  const nature = await loaded()
  const rows = [
    {
      id: 1,
      big: 2n ** 60n,
      at: new Date('2024-02-29T10:00:00.125Z'),
      ok: true,
      name: 'ä "b"',
      tags: ['x', 'y'],
      raw: new Uint8Array([0, 255]),
      part: null,
      share: 0.5,
    },
    { id: 2, big: 1n, at: null, ok: false, name: '', tags: [], raw: null, part: { a: 1 }, share: 2 },
  ]
  await nature.set('made/birds.parquet', rows)
  const birds = nature['made']!['birds']!
  expect(await birds.type).toBe('table')
  expect(await birds.rowCount).toBe(2)
  expect(await all(birds.rows())).toEqual([{ ...rows[0], big: 2n ** 60n }, rows[1]])
  await nature.set('made/plain', rows, { types: { id: 'int32' }, meta: { by: 'ada' } })
  await quilt.build('ada/made', nature['made']!, desk)
  const made = await loaded('ada/made')
  expect(await made.keys()).toEqual(['birds.parquet', 'plain'])
  expect(await all(made['birds']!.rows())).toEqual(rows)
  expect((await made['plain']!.columns)[0]).toEqual({ name: 'id', type: 'int32' })
  expect(await made['plain']!.meta).toEqual({ by: 'ada' })
  expect((await made['birds']!.columns).map(({ type }) => type)).toEqual([
    'int64',
    'int64',
    'timestamp[us]',
    'bool',
    'utf8',
    'list<utf8>',
    'binary',
    'struct<a: int64>',
    'double',
  ])
})

test('an Arrow stream becomes a table, and what a table gives is set again as it was', async () => {
  const nature = await loaded()
  await nature.set('a.parquet', {
    arrow: tableToIPC(tableFromArrays({ n: [1, 2, null], t: ['x', null, 'z'] }), {
      format: 'stream',
    }) as Uint8Array,
  })
  expect(await all(nature['a']!.rows())).toEqual([
    { n: 1, t: 'x' },
    { n: 2, t: null },
    { n: null, t: 'z' },
  ])
  const quakes = nature['earth']!['earthquakes']!
  await nature.set('quakes.parquet', { arrow: await quakes.toArrow() })
  expect(await nature['quakes']!.columns).toEqual(await quakes.columns)
  expect(await all(nature['quakes']!.rows())).toEqual(await all(quakes.rows()))
})

test('an Arrow stream is read as it comes, in whatever pieces, and what is none is refused', async () => {
  const nature = await loaded()
  const quakes = nature['earth']!['earthquakes']!
  const letters = ['a', 'b', null, 'a', 'c', 'b']
  const columns = { n: [1, null, 3, 4, 5, 6], t: letters }
  const stream = tableToIPC(tableFromArrays(columns, { maxBatchRows: 2 }), { format: 'stream' }) as Uint8Array
  let closed = 0
  const pieces = async function* (bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
    try {
      for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.slice(at, at + size))
    } finally {
      closed++
    }
  }
  for (const size of [1, 13, 4096, 1 << 20]) {
    await nature.set('quakes.parquet', { arrow: pieces(await quakes.toArrow(), size) })
    expect(await nature['quakes']!.columns).toEqual(await quakes.columns)
    expect(await all(nature['quakes']!.rows())).toEqual(await all(quakes.rows()))
    await nature.set('several.parquet', { arrow: pieces(stream, size) })
    await nature.set('once.parquet', { arrow: stream })
    expect((await all(nature['several']!.rows())).map(({ t }) => t)).toEqual(letters)
    expect(await all(nature['several']!.rows())).toEqual(await all(nature['once']!.rows()))
  }
  expect(closed).toBe(8)
  const cut = stream.slice(0, stream.length - 100)
  for (const bytes of [
    cut,
    Buffer.from('ARROW1\0\0 and so on'),
    Buffer.from('{"a": 1}\n'),
    new Uint8Array(0),
  ])
    await expect(nature.set('x.parquet', { arrow: pieces(bytes, 7) })).rejects.toMatchObject({
      code: 'INVALID',
    })
  expect(closed).toBe(12)
})

test('nested values, times and decimals come through Arrow as they were', async () => {
  const nature = await loaded()
  const rows = [
    {
      list: [1, 2],
      deep: [{ at: 'noon', n: 1 }],
      d: '12.50',
      day: '1969-12-31',
      at: '10:11:12.5',
    },
    { list: null, deep: [], d: '-0.05', day: null, at: null },
  ]
  const types = { d: 'decimal(12,2)', day: 'date32', at: 'time64[us]' }
  await nature.set('x.parquet', rows, { types })
  const { x } = nature as unknown as { x: quilt.LoadedNode }
  await nature.set('y.parquet', { arrow: await x.toArrow() })
  expect(await nature['y']!.columns).toEqual(await x.columns)
  expect((await x.columns).map(({ type }) => type).slice(0, 3)).toEqual([
    'list<int64>',
    'list<struct<at: utf8, n: int64>>',
    'decimal(12,2)',
  ])
  expect(await all(nature['y']!.rows())).toEqual(await all(x.rows()))
  const [first] = await all(x.rows())
  expect(first).toMatchObject({ list: [1, 2], d: 12.5, day: new Date('1969-12-31'), at: '10:11:12.5' })
  const micros = await nature['weather']!.query(
    "select timestamp '2024-02-29 10:00:00.123456' as t, 1 as n limit 1",
  )
  expect(micros).toEqual([{ t: new Date('2024-02-29T10:00:00.123Z'), n: 1 }])
})

test('what cannot be set, renamed or built is refused, and nothing changes', async () => {
  const nature = await loaded()
  const keys = await nature.keys()
  const invalid = { code: 'INVALID' }
  await expect(nature.set('birdstrikes', [{ a: 1 }])).rejects.toMatchObject(invalid)
  await expect(nature.set('a.parquet', [{ a: 1 }, { a: 'x' }])).rejects.toMatchObject(invalid)
  await expect(nature.set('a.parquet', [])).rejects.toMatchObject(invalid)
  await expect(nature.set('a.parquet', { arrow: new Uint8Array(9) })).rejects.toMatchObject(invalid)
  await expect(nature.set('README.md/x', new Uint8Array())).rejects.toMatchObject(invalid)
  await expect(nature.set('..', new Uint8Array())).rejects.toMatchObject(invalid)
  await expect(nature.set('a', 'nowhere.csv')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(nature.set('a', 5 as never)).rejects.toMatchObject(invalid)
  await expect(nature.rename('earth', 'earth/core')).rejects.toMatchObject(invalid)
  await expect(nature.rename('earth', 'weather')).rejects.toMatchObject({ code: 'CONFLICT' })
  await expect(nature.remove('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(nature.setMeta({ a: Number.NaN })).rejects.toMatchObject(invalid)
  await expect(quilt.build('ada/x', nature['README']!, desk)).rejects.toMatchObject(invalid)
  await expect(quilt.build('ada/x', {} as never, desk)).rejects.toMatchObject(invalid)
  expect(await nature.keys()).toEqual(keys)
})

test('a filtered tree, and a node of a tree, are built as packages and nodes of their own', async () => {
  const nature = await loaded()
  await nature.setMeta({ about: 'nature' })
  const tables = await nature.filter(async (node) => (await node.type) === 'table')
  await quilt.build('ada/tables', tables, desk)
  expect((await quilt.inspect('ada/tables', desk)).children?.map(({ name }) => name)).toEqual([
    'airports.csv',
    'birdstrikes.csv',
    'earth',
    'weather',
  ])
  await quilt.build('ada/tables/all', nature, desk)
  const into = await loaded('ada/tables')
  expect(await into['all']!.meta).toEqual({ about: 'nature' })
  await quilt.build('ada/tables/one.csv', nature['weather']!['seattle']!, desk)
  expect(
    Buffer.from(await (await loaded('ada/tables'))['one']!.bytes()).equals(
      readFileSync(join(examples, 'v1/weather/seattle.csv')),
    ),
  ).toBe(true)
  expect((await quilt.verify(['ada/tables'], desk)).problems).toEqual([])
})

test('a tree of which only a part is here is built whole, from its origin', async () => {
  const remote = join(root, 'shared')
  await quilt.push('ada/nature', { ...desk, remote })
  const there = { store: join(root, 'other'), folder: root, env: { HOME: root } }
  await quilt.install('ada/nature', { ...there, remote, metaOnly: true })
  const tree = await quilt.load('ada/nature', there)
  onTestFinished(() => tree.close())
  await tree.remove('charts')
  const built = await quilt.build('ada/nature', tree, there)
  expect(built).toMatchObject({ tables: 7, unchanged: false })
  const { problems } = await quilt.verify(['ada/nature'], there)
  expect(problems).toEqual([])
  await quilt.exportPackage('ada/nature', join(root, 'whole'), there)
})
