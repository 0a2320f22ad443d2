// What a build of a loaded tree takes over: chunked files, links, composed parts, packages of read-only stores.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import * as quilt from '../../../src/index.ts'
import type { CallOptions, Loaded } from '../../../src/index.ts'
import { tempDir } from '../../support/temp-dir.ts'

function deskAt(root: string, name: string, extra?: string): CallOptions {
  const env = extra === undefined ? { HOME: root } : { HOME: root, QUILT_PACKAGE_DIRS: extra }
  return { store: join(root, name), folder: root, env }
}

async function loaded(handle: string, desk: CallOptions): Promise<Loaded> {
  const tree = await quilt.load(handle, desk)
  onTestFinished(() => tree.close())
  return tree
}

/** Bytes that are kept in chunks: above 256 KiB. */
const large = new Uint8Array(900_000).map((_, i) => (i * i * 31 + (i >> 8)) % 251)

function sources(root: string): string {
  const folder = join(root, 'data')
  mkdirSync(join(folder, 'in', 'deep'), { recursive: true })
  writeFileSync(join(folder, 'large.bin'), large)
  writeFileSync(
    join(folder, 'in', 'large.csv'),
    `n,t\n${Array.from({ length: 60_000 }, (_, i) => `${String(i)},${'x'.repeat(i % 9)}\n`).join('')}`,
  )
  symlinkSync('../../large.bin', join(folder, 'in', 'deep', 'up'))
  return folder
}

test('chunked files and their views stay whole in another package, and without the first', async () => {
  const root = tempDir()
  const desk = deskAt(root, 'store')
  await quilt.build('ada/first', sources(root), desk)
  const first = await loaded('ada/first', desk)
  await first.set('new-large.bin', new Uint8Array(large).reverse())
  expect(await quilt.build('ada/second', first, desk)).toMatchObject({ files: 3, tables: 1 })
  await quilt.rm('ada/first', desk)
  await quilt.gc({ ...desk, patience: 0 })
  expect(await quilt.verify([], desk)).toMatchObject({ problems: [] })
  const second = await loaded('ada/second', desk)
  expect(Buffer.from(await second['large']!.bytes()).equals(large)).toBe(true)
  expect((await second['in']!['large']!.query('select sum(n) as n from t'))[0]).toEqual({
    n: (60_000 * 59_999) / 2,
  })
})

test('a package of a read-only store is built into the own one, tables and all', async () => {
  const root = tempDir()
  await quilt.build('ada/first', sources(root), deskAt(root, 'shared'))
  const desk = deskAt(root, 'own', join(root, 'shared'))
  const tree = await loaded('ada/first', desk)
  await tree.remove('large.bin')
  await tree.remove('in/deep')
  expect(await quilt.build('ada/own', tree, desk)).toMatchObject({ files: 1, tables: 1 })
  const alone = deskAt(root, 'own')
  expect(await quilt.verify([], alone)).toMatchObject({ problems: [] })
  expect(await (await loaded('ada/own', alone))['in']!['large']!.rowCount).toBe(60_000)
})

test('a link that would leave the package where it is moved to is refused', async () => {
  const root = tempDir()
  const desk = deskAt(root, 'store')
  await quilt.build('ada/first', sources(root), desk)
  const tree = await loaded('ada/first', desk)
  expect(await tree['in']!['deep']!['up']!.type).toBe('link')
  await expect(quilt.build('ada/deep', tree['in']!['deep']!, desk)).rejects.toMatchObject({ code: 'INVALID' })
  await tree.rename('in/deep', 'deep')
  await expect(quilt.build('ada/moved', tree, desk)).rejects.toMatchObject({ code: 'INVALID' })
})

test('where composed parts came from stays with those that are as they were', async () => {
  const root = tempDir()
  const desk = deskAt(root, 'store')
  await quilt.build('ada/first', sources(root), desk)
  await quilt.versionAdd('ada/first', '1.0', 'latest', desk)
  writeFileSync(
    join(root, 'build.yml'),
    'contents:\n  a:\n    package: ada/first/in@1.0\n  b:\n    package: ada/first/in@1.0\n',
  )
  await quilt.build('ada/composed', 'build.yml', desk)
  const tree = await loaded('ada/composed', desk)
  await tree.set('b/more.txt', { text: 'more' })
  await quilt.build('ada/composed', tree, desk)
  const { children = [] } = await quilt.inspect('ada/composed', desk)
  expect(children.map(({ name, from }) => [name, from?.handle])).toEqual([
    ['a', 'ada/first/in@1.0'],
    ['b', undefined],
  ])
})

test('two nodes that would be exported as one are refused', async () => {
  const root = tempDir()
  const desk = deskAt(root, 'store')
  sources(root)
  writeFileSync(join(root, 'build.yml'), 'contents:\n  numbers:\n    file: data/in/large.csv\n')
  await quilt.build('ada/named', 'build.yml', desk)
  const tree = await loaded('ada/named', desk)
  await tree.set('large.csv', new Uint8Array([65]))
  await expect(quilt.build('ada/named', tree, desk)).rejects.toMatchObject({ code: 'INVALID' })
})

test('a dry run of a tree writes nothing', async () => {
  const root = tempDir()
  const desk = deskAt(root, 'store')
  await quilt.build('ada/first', sources(root), desk)
  const tree = await loaded('ada/first', desk)
  await tree.set('n.parquet', [{ n: 1 }])
  const dry = await quilt.build('ada/first', tree, { ...desk, dryRun: true })
  expect(dry.commit).toBeUndefined()
  expect((await quilt.build('ada/first', tree, desk)).topHash).toBe(dry.topHash)
})
