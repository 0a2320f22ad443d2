// Packages as trees in code: groups, files, tables, and what a node is not.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { tableFromIPC } from '@uwdata/flechette'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as quilt from '../../../src/index.ts'
import type { Loaded } from '../../../src/index.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { workbook } from '../../support/workbook.ts'

const examples = fileURLToPath(new URL('../../../examples', import.meta.url))
const all = async <T>(items: AsyncIterable<T>): Promise<readonly T[]> => {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

const root = mkdtempSync(join(tmpdir(), 'quilt-test-'))
const desk = { store: join(root, 'store'), folder: root, env: { HOME: root } }

afterAll(() => rmSync(root, { recursive: true, force: true }))

beforeAll(async () => {
  await quilt.build('ada/nature', join(examples, 'v1'), desk)
  await quilt.versionAdd('ada/nature', '1.0', 'latest', desk)
  await quilt.build('ada/nature', join(examples, 'v2'), desk)
})

async function loaded(handle = 'ada/nature@1.0'): Promise<Loaded> {
  const tree = await quilt.load(handle, desk)
  onTestFinished(() => tree.close())
  return tree
}

test('a group names its nodes, and gives them by name, alias and path, one after the other', async () => {
  const nature = await loaded()
  expect(await nature.type).toBe('group')
  expect(await nature.keys()).toEqual([
    'README.md',
    'airports.csv',
    'birdstrikes.csv',
    'charts',
    'earth',
    'weather',
  ])
  expect((await nature.get('weather/seattle')).handle).toBe('ada/nature/weather/seattle.csv@1.0')
  const types: Record<string, string> = {}
  for await (const node of nature) types[node.handle] = await node.type
  expect(types).toMatchObject({
    'ada/nature/airports.csv@1.0': 'table',
    'ada/nature/weather@1.0': 'group',
    'ada/nature/README.md@1.0': 'file',
  })
  expect(await nature['weather']!['seattle']!.rowCount).toBe(1430)
  expect(await (nature as unknown as Record<string, quilt.LoadedNode>)['weather/seattle.csv']!.type).toBe(
    'table',
  )
})

test('a file gives its bytes, text, stream, a path, and what is known of a picture', async () => {
  const nature = await loaded()
  const readme = nature['README']!
  const bytes = readFileSync(join(examples, 'v1', 'README.md'))
  expect(Buffer.from(await readme.bytes()).equals(bytes)).toBe(true)
  expect(await readme.text()).toBe(bytes.toString())
  expect(Buffer.concat(await all(readme.stream())).equals(bytes)).toBe(true)
  expect(readFileSync(await readme.path()).equals(bytes)).toBe(true)
  expect(await readme.info).toBeUndefined()
  expect(await nature['charts']!['temperature']!.info).toMatchObject({ mime: 'image/png' })
  await expect(nature['charts']!['temperature']!.text()).rejects.toMatchObject({ code: 'INVALID' })
})

test('a table gives columns, rows as objects, batches, Arrow, and answers to SQL', async () => {
  const { weather } = (await loaded()) as unknown as { weather: quilt.LoadedNode }
  const seattle = weather['seattle']!
  expect(await seattle.columns).toEqual([
    { name: 'date', type: 'date32' },
    { name: 'precipitation', type: 'double' },
    { name: 'temp_max', type: 'double' },
    { name: 'temp_min', type: 'double' },
    { name: 'wind', type: 'double' },
    { name: 'weather', type: 'utf8' },
  ])
  const rows = await all(seattle.rows())
  expect(rows.length).toBe(1430)
  expect(rows[0]).toEqual({
    date: new Date('2012-01-01'),
    precipitation: 0,
    temp_max: 12.8,
    temp_min: 5,
    wind: 4.7,
    weather: 'drizzle',
  })
  const batches = await all(seattle.batches())
  expect(batches.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(1430)
  expect(batches[0]!.columns['weather']![0]).toBe('drizzle')
  const arrow = tableFromIPC(await seattle.toArrow(), { useDate: true })
  expect([arrow.numRows, arrow.at(0)['date'], arrow.at(0)['wind']]).toEqual([
    1430,
    new Date('2012-01-01'),
    4.7,
  ])
  expect(
    await seattle.query<{ n: number }>('select count(*) as n from this where weather = $$sun$$'),
  ).toEqual([{ n: 636 }])
  expect(
    await seattle.query(`select count(*) as n from (from 'ada/nature/weather/seattle.csv' except from t)`),
  ).toEqual([{ n: 32 }])
  await expect(seattle.query('from other')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(seattle.query("from read_csv('/etc/passwd')")).rejects.toMatchObject({ code: 'INVALID' })
})

test('a group of tables reads as one', async () => {
  const nature = await loaded()
  const weather = nature['weather']!
  const [{ n }] = (await weather.query('select count(*) as n from this')) as [{ n: number }]
  expect(await weather.rowCount).toBe(n)
  expect((await weather.columns).map(({ name }) => name)).toContain('wind')
  expect((await all(weather.rows())).length).toBe(n)
})

test('filters by name, metadata and function keep what is below, and the groups above', async () => {
  const nature = await loaded()
  const only = await nature.filter({ name: 'seattle.csv' })
  expect(await only.keys()).toEqual(['weather'])
  expect(await only['weather']!.keys()).toEqual(['seattle.csv'])
  const earth = await nature.filter({ name: 'earth' })
  expect(await earth['earth']!.keys()).toEqual(await nature['earth']!.keys())
  const tables = await nature.filter(async (node) => (await node.type) === 'table')
  expect(await tables.keys()).toEqual(['airports.csv', 'birdstrikes.csv', 'earth', 'weather'])
  expect(await (await nature.filter({ name: 'nowhere' })).keys()).toEqual([])
  expect(await nature.keys()).toHaveLength(6)
})

test('what is not there, or is something else, is said when it is asked', async () => {
  const nature = await loaded()
  await expect(nature['airport']!.rows()[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: 'NOT_FOUND',
    hint: 'did you mean airports.csv?',
  })
  await expect(nature.get('README.md/x')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(nature['weather']!.bytes()).rejects.toMatchObject({ code: 'INVALID' })
  await expect(nature['airports']!.keys()).rejects.toMatchObject({ code: 'INVALID' })
  await expect(nature['README']!.rowCount).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(quilt.load('ada/none', desk)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(quilt.load('ada/nature/nowhere', desk)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('what is not here is fetched when it is touched, and no more', async () => {
  await quilt.push('ada/nature', { ...desk, remote: join(root, 'shared') })
  const there = { store: join(root, 'other'), folder: root, env: { HOME: root } }
  await quilt.install('ada/nature', { ...there, remote: join(root, 'shared'), metaOnly: true })
  const tree = await quilt.load('ada/nature', there)
  onTestFinished(() => tree.close())
  expect(await tree.keys()).toContain('weather')
  expect(await tree['weather']!['seattle']!.rowCount).toBe(1461)
  expect((await all(tree['weather']!['seattle']!.rows())).length).toBe(1461)
  const { children } = await quilt.inspect('ada/nature', there)
  const here = (name: string): unknown => children?.find((child) => child.name === name)?.here
  expect([here('penguins.json'), here('us-airports.csv')]).toEqual([false, false])
})

test('nodes whose names are words of a node are reached by get, and cells keep what numbers cannot hold', async () => {
  const folder = tempDir()
  writeFileSync(join(folder, 'get'), 'a file called get')
  writeFileSync(join(folder, 'wide.csv'), 'a,b,at\n1,9007199254740993,2024-02-29 10:00:00.123456\n,3,\n')
  await quilt.build('ada/odd', folder, desk)
  const odd = await loaded('ada/odd')
  expect(await (await odd.get('get')).text()).toBe('a file called get')
  expect(await all(odd['wide']!.rows())).toEqual([
    { a: 1, b: 9007199254740993n, at: new Date('2024-02-29T10:00:00.123Z') },
    { a: null, b: 3n, at: null },
  ])
  const arrow = tableFromIPC(await odd['wide']!.toArrow(), { useBigInt: true })
  expect(arrow.at(0)).toMatchObject({ b: 9007199254740993n, at: 1709200800123.456 })
})

test('what was closed says so, and a session that was handed in stays open', async () => {
  const session = await quilt.openSession(desk)
  onTestFinished(() => session.close())
  const first = await quilt.load('ada/nature/weather', { session })
  const { seattle } = first as unknown as { seattle: quilt.LoadedNode }
  await first[Symbol.asyncDispose]()
  await first.close()
  await expect(seattle.rowCount).rejects.toMatchObject({ code: 'INVALID' })
  expect(await (await quilt.load('ada/nature/weather/seattle', { session })).rowCount).toBe(1461)
})

test('rows may be asked for before the last has come, and left before their end', async () => {
  const nature = await loaded()
  const rows = nature['weather']!['seattle']!.rows()[Symbol.asyncIterator]()
  const asked = await Promise.all(Array.from({ length: 1432 }, () => rows.next()))
  expect(asked.filter(({ done }) => done === true)).toHaveLength(2)
  expect(new Set(asked.map(({ value }) => value as unknown)).size).toBe(1431)
  for await (const row of nature['airports']!.rows()) {
    expect(Object.keys(row)).toContain('iata')
    break
  }
})

test('the tables of a workbook lie below it', async () => {
  const folder = tempDir()
  const sheets = {
    reds: [
      ['name', 'points'],
      ['a', 90],
      ['b', null],
    ],
    whites: [['name'], ['c']],
  }
  writeFileSync(join(folder, 'cellar.xlsx'), await workbook(sheets))
  await quilt.build('ada/cellar', folder, desk)
  const cellar = await loaded('ada/cellar')
  const book = cellar['cellar']!
  expect([await book.type, await book.keys()]).toEqual(['table', ['reds', 'whites']])
  expect(await all(book['reds']!.rows())).toEqual([
    { name: 'a', points: 90 },
    { name: 'b', points: null },
  ])
  expect((await cellar.get('cellar.xlsx/whites')).handle).toBe('ada/cellar/cellar.xlsx/whites')
  await expect(book.rowCount).rejects.toMatchObject({ code: 'AMBIGUOUS' })
  await expect(cellar.get('cellar/rosés')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect((await all(cellar)).map(({ handle }) => handle)).toEqual(['ada/cellar/cellar.xlsx'])
})
