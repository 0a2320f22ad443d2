// Plumbing that is given what it must not take: other kinds, other sizes, keys that are none; and paths in handles.
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isQuiltError } from '../../src/core/base/error.ts'
import { rawHashObject, rawListPacks, rawShowPack } from '../../src/index.ts'
import { build } from '../../src/package/build.ts'
import { versionAdd } from '../../src/package/names/naming.ts'
import { commitTree, updateRef } from '../../src/package/raw/commits.ts'
import { hashObject, objectId } from '../../src/package/raw/objects.ts'
import { formatTreeLine, lsTree, parseTreeLine, writeTree } from '../../src/package/raw/trees.ts'
import { fuzzing } from '../support/fuzz-runs.ts'
import { collect } from '../support/ref-bench.ts'
import { tempDir } from '../support/temp-dir.ts'
import { disks, type Disk } from '../support/two-disks.ts'

const makeDisk = (disks[1] as (typeof disks)[number])[1]
type Opened = Awaited<ReturnType<Disk['session']>>

async function builtPackage(): Promise<{ readonly disk: Disk; readonly ada: Opened; readonly top: string }> {
  const disk = makeDisk()
  disk.write({ 'p/x': 'one', 'p/deep/y': 'y'.repeat(300_000) })
  const ada = await disk.session('ada')
  const { topHash } = await build(ada, { handle: 'ada/p', path: 'p' })
  return { disk, ada, top: topHash }
}

test('a handle with a path names the tree or the blob there', async () => {
  const { ada, top } = await builtPackage()
  const deep = await objectId(ada, 'ada/p/deep')
  expect((await collect(lsTree(ada, 'ada/p/deep', false))).map(({ path }) => path)).toEqual(['y'])
  expect((await collect(lsTree(ada, top, false))).find(({ path }) => path === 'deep')?.entry).toMatchObject({
    id: deep,
  })
  await expect(objectId(ada, 'ada/p/nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('an object of another kind is refused, not called damaged', async () => {
  const { ada } = await builtPackage()
  const blob = await objectId(ada, 'ada/p/x')
  await expect(collect(lsTree(ada, blob, false))).rejects.toMatchObject({ code: 'INVALID' })
  await expect(commitTree(ada, { tree: blob, message: '' })).rejects.toMatchObject({ code: 'INVALID' })
})

test('a tree is not written of what is not so', async () => {
  const { ada, top } = await builtPackage()
  const { id } = await hashObject(ada, new TextEncoder().encode('sixteen bytes ok'), true)
  const large = await objectId(ada, 'ada/p/deep/y')
  for (const line of [
    `file ${id} 99\tx`,
    `group ${id} -\tx`,
    `file ${top} 20\tx`,
    `file ${large} 40\tx`,
    `file ${id} 16\tx\t{"bogus":true}`,
    `file ${id} 16\tx\t{"id":5}`,
    `file ${id} 16\tx\t{"executable":"yes"}`,
    `file ${id} 16\tx\t{"source":7}`,
    `file ${id} 16\tx\t{"reading":"x"}`,
    `link - -\tx\t{"target":7}`,
    `group ${top} -\tx\t{"meta":[1]}`,
  ]) {
    await expect(writeTree(ada, [line]), line).rejects.toMatchObject({ code: 'INVALID' })
  }
  await writeTree(ada, [`file ${id} 16\tx`, `file ${large} 300000\ty`, `group ${top} -\tz`])
})

test('a pack is shown from wherever it lies, and what is too large for one is not read', async () => {
  const folder = tempDir()
  const options = { folder, env: { HOME: folder } }
  await rawHashObject(new Uint8Array(1000), { ...options, write: true })
  const [pack] = await rawListPacks(options)
  const name = pack?.pack ?? ''
  const path = join(folder, '.local/share/quilt/store/packs', name)
  expect(await rawShowPack(path, options)).toEqual(await rawShowPack(name, options))
  writeFileSync(join(folder, 'large'), '')
  truncateSync(join(folder, 'large'), 2 ** 40)
  await expect(rawShowPack('large', options)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  await expect(rawShowPack('nowhere', options)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(rawShowPack('.', options)).rejects.toMatchObject({ code: 'INVALID' })
})

test('any line is an entry or a typed error', () => {
  const id = 'ab'.repeat(32)
  const line = fc.oneof(
    fc.string(),
    fc
      .tuple(fc.constantFrom('group', 'file', 'link', 'recipe'), fc.constantFrom(id, '-'), fc.jsonValue())
      .map(
        ([type, name, more]) => `${type} ${name} ${type === 'file' ? '3' : '-'}\tx\t${JSON.stringify(more)}`,
      ),
    fc
      .tuple(fc.constantFrom('executable', 'meta', 'source', 'reading', 'target', 'name'), fc.jsonValue())
      .map(([key, value]) => `file ${id} 3\tx\t${JSON.stringify({ [key]: value })}`),
  )
  fc.assert(
    fc.property(line, (text) => {
      try {
        const entry = parseTreeLine(text)
        expect(parseTreeLine(formatTreeLine({ path: entry.name, entry }))).toEqual(entry)
      } catch (error) {
        if (!isQuiltError(error, 'INVALID')) throw error
      }
    }),
    fuzzing(),
  )
})

test('a ref names commits: a tree or a blob is refused by its kind', async () => {
  const { ada, top } = await builtPackage()
  for (const [to, kind] of [
    [top, 'tree'],
    [await objectId(ada, 'ada/p/x'), 'blob'],
  ] as const) {
    await expect(updateRef(ada, { pkg: 'ada/q', ref: 'latest', to })).rejects.toMatchObject({
      code: 'INVALID',
      message: `${to} is a ${kind}, no commit`,
    })
  }
})

test('a version is not moved or removed by hand', async () => {
  const { disk, ada } = await builtPackage()
  await versionAdd(ada, { pkg: 'ada/p', version: '1.0', revision: 'latest' })
  disk.write({ 'p/x': 'two' })
  const { commit = '' } = await build(ada, { handle: 'ada/p', path: 'p' })
  for (const to of [commit, '-']) {
    await expect(updateRef(ada, { pkg: 'ada/p', ref: 'version/1.0', to })).rejects.toMatchObject({
      code: 'CONFLICT',
    })
  }
})
