// Some columns of a table: of one that is not on this machine no others are fetched.
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tableFromIPC } from '@uwdata/flechette'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import * as quilt from '../../../src/index.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { serveFolder, type WebServer } from '../../support/web-server.ts'

const rowCount = 2500

const root = mkdtempSync(join(tmpdir(), 'quilt-test-'))
const env = { HOME: root }
const desk = { store: join(root, 'store'), folder: root, env }
let server: WebServer

/** A package with tables of which one column is nearly all, on a web server. */
beforeAll(async () => {
  const data = join(root, 'data')
  mkdirSync(join(data, 'both'), { recursive: true })
  for (const [file, from] of [
    ['a.csv', 0],
    ['b.csv', rowCount],
  ] as const) {
    const rows = Array.from({ length: rowCount }, (_, i) => {
      const id = from + i
      return `${String(id)},n${String(id % 7)},${randomBytes(1500).toString('base64')},${String(id / 4)}\n`
    })
    writeFileSync(join(data, 'both', file), `id,name,noise,share\n${rows.join('')}`)
  }
  const numbers = (): string =>
    Array.from({ length: 4 }, () => String(randomBytes(6).readUIntBE(0, 6))).join(',')
  writeFileSync(join(data, 'even.csv'), `a,b,c,d\n${Array.from({ length: 30_000 }, numbers).join('\n')}\n`)
  writeFileSync(
    join(data, 'nested.jsonl'),
    '{"a":1,"deep":{"x":[1,2],"y":"one"}}\n{"a":2,"deep":{"x":[],"y":null}}\n',
  )
  await quilt.build('ada/noisy', data, desk)
  await quilt.push('ada/noisy', { ...desk, remote: join(root, 'shared') })
  server = await serveFolder(join(root, 'shared'))
})

afterAll(async () => {
  await server.stop()
  rmSync(root, { recursive: true, force: true })
})

/** Another store, that has the package's trees alone. */
async function elsewhere(): Promise<quilt.CallOptions & { readonly store: string }> {
  const there = { store: join(tempDir(), 'other'), folder: root, env }
  await quilt.install('ada/noisy', { ...there, remote: server.address, metaOnly: true })
  return there
}

/** Bytes of ranges that were asked for from request `from` on. */
function bytesAsked(from: number): number {
  return server.requests.slice(from).reduce((sum, { headers }) => {
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
    return sum + (start === undefined ? 0 : Number(end) + 1 - Number(start))
  }, 0)
}

test('are read from the origin without the others, which stay there', async () => {
  const there = await elsewhere()
  const tree = await quilt.load('ada/noisy', there)
  onTestFinished(() => tree.close())
  const table = tree['both']!['a']!
  const before = server.requests.length
  expect(await table.rowCount).toBe(rowCount)
  expect((await table.columns).map(({ name }) => name)).toEqual(['id', 'name', 'noise', 'share'])
  const rows = []
  for await (const row of table.rows({ columns: ['share', 'id'] })) rows.push(row)
  expect(rows).toHaveLength(rowCount)
  expect(rows[5]).toEqual({ share: 1.25, id: 5 })
  expect(Object.keys(rows[5] as object)).toEqual(['share', 'id'])
  const bytes = bytesAsked(before)
  expect(bytes).toBeLessThan(300_000) // the table has five million, and the next column's chunks a quarter at most
  const asked = server.requests.length

  // What has been read is not fetched again, and what is added to it comes alone.
  const arrow = tableFromIPC(await table.toArrow({ columns: ['id', 'share'] }))
  expect(arrow.numRows).toBe(rowCount)
  expect(bytesAsked(asked)).toBe(0)
  for await (const batch of table.batches({ columns: ['name'] }))
    expect(Object.keys(batch.columns)).toEqual(['name'])
  expect(bytesAsked(asked)).toBeLessThan(500_000)
  const { children } = await quilt.inspect('ada/noisy/both', there)
  expect(children?.map(({ here }) => here)).toEqual([false, false])

  // All columns bring the table.
  let whole = 0
  for await (const { noise } of table.rows()) whole += (noise as string).length
  expect(whole).toBe(rowCount * 2000)
  expect((await quilt.inspect('ada/noisy/both', there)).children?.map(({ here }) => here)).toEqual([
    undefined,
    false,
  ])
})

test('lie in chunks of their own, so that hardly more is read than they have', async () => {
  const there = await elsewhere()
  const { even } = await quilt.load('ada/noisy', there)
  const before = server.requests.length
  let rows = 0
  for await (const batch of even!.batches({ columns: ['b'] })) rows += batch.rowCount
  expect(rows).toBe(30_000)
  const bytes = bytesAsked(before)
  expect(bytes).toBeGreaterThan(30_000 * 6)
  expect(bytes).toBeLessThan(30_000 * 8 + 40_000) // with indexes, recipes and the foot
})

test('of a group come table after table, and a nested column comes whole', async () => {
  const there = await elsewhere()
  const tree = await quilt.load('ada/noisy', there)
  onTestFinished(() => tree.close())
  const before = server.requests.length
  const ids: unknown[] = []
  for await (const { id } of tree['both']!.rows({ columns: ['id'] })) ids.push(id)
  expect(ids).toEqual(Array.from({ length: 2 * rowCount }, (_, i) => i))
  expect(bytesAsked(before)).toBeLessThan(3_000_000)
  const rows = []
  for await (const row of tree['nested']!.rows({ columns: ['deep'] })) rows.push(row)
  expect(rows).toEqual([{ deep: { x: [1, 2], y: 'one' } }, { deep: { x: [], y: null } }])
})

test('that are not there are named with what is near, and leave nothing behind', async () => {
  const there = await elsewhere()
  const tree = await quilt.load('ada/noisy', there)
  const table = tree['both']!['a']!
  await expect(table.toArrow({ columns: ['nam'] })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    hint: 'did you mean name?',
  })
  await expect(table.toArrow({ columns: [] })).rejects.toMatchObject({ code: 'INVALID' })
  await table.toArrow({ columns: ['id'] })
  await tree.close()
  expect(statSync(join(there.store, 'files'), { throwIfNoEntry: false })).toBeUndefined()
})

test('are read of what is here as well', async () => {
  const tree = await quilt.load('ada/noisy', desk)
  onTestFinished(() => tree.close())
  const rows = []
  for await (const row of tree['both']!['b']!.rows({ columns: ['name', 'id'] })) rows.push(row)
  expect(rows).toHaveLength(rowCount)
  expect(rows[0]).toEqual({ name: `n${String(rowCount % 7)}`, id: rowCount })
})
