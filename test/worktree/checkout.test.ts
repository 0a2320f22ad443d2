// Trees onto disk: every byte, bit, link and empty folder; and nothing at all when something is wrong with them.
import { describe, expect, test } from 'vitest'
import type { Progress } from '../../src/core/base/context.ts'
import type { FileEntry } from '../../src/core/model/entry.ts'
import type { Id } from '../../src/core/model/id.ts'
import { lookup } from '../../src/core/tree/lookup.ts'
import { nodeReader } from '../../src/core/tree/node.ts'
import type { CheckoutItem } from '../../src/worktree/checkout-target.ts'
import { keepsExecutableBit } from '../../src/worktree/executable-bit.ts'
import { noise } from '../support/store-bench.ts'
import { disks, type Disk } from '../support/two-disks.ts'
import { contents, refusal, worktreeBench, type WorktreeBench } from '../support/worktree-bench.ts'
import { hashBytes } from '#hash'

const fileOf = (name: string, body: Uint8Array, size = body.length): FileEntry => ({
  type: 'file',
  name,
  id: hashBytes(body),
  size,
})

describe.each(disks)('on %s', (_name, make) => {
  const begin = async (): Promise<{ disk: Disk; bench: WorktreeBench; out: string }> => {
    const [disk, bench] = [make(), await worktreeBench()]
    return { disk, bench, out: `${disk.root}/out` }
  }
  const nothingLeft = (disk: Disk): void => expect(disk.paths('')).toEqual([])

  test('H33: files of every size, copies, folders, empty ones, executables and links come out as they went in', async () => {
    const { disk, bench, out } = await begin()
    const sizes = [0, 1, 4096, 262_143, 262_144, 262_145, 700_000, 3_000_000]
    disk.write({
      ...Object.fromEntries(sizes.map((size) => [`in/sizes/${String(size)}`, noise(size, size)])),
      'in/copies/a': noise(700_000, 700_000),
      'in/copies/b': noise(4096, 4096),
      'in/copies/deep/er/c': noise(4096, 4096),
      'in/empty/': '',
      'in/a/b/c/empty/': '',
      'in/run.sh': '#!/bin/sh\n',
      'in/run-large': noise(300_000),
    })
    for (const name of ['run.sh', 'run-large']) disk.fs.chmodSync(`${disk.root}/in/${name}`, 0o755)
    const links = { 'to-file': 'run.sh', dangling: 'no/where', 'a/b/up': '../../sizes', odd: './a//b/./c' }
    for (const [path, target] of Object.entries(links)) disk.fs.symlinkSync(target, `${disk.root}/in/${path}`)
    const { tree, files, bytes } = await bench.take(disk.fs, `${disk.root}/in`)
    expect(await bench.put({ fs: disk.fs, folder: out }, tree)).toEqual({ files, bytes })
    expect(contents(disk.fs, out)).toEqual(contents(disk.fs, `${disk.root}/in`))
    expect((await bench.take(disk.fs, out)).tree).toBe(tree)
    expect(disk.fs.readdirSync(disk.root).map(String).sort()).toEqual(['in', 'out'])
  })

  test('H33: an empty package makes an empty folder, and the folders above it', async () => {
    const { disk, bench, out } = await begin()
    const target = { fs: disk.fs, folder: `${out}/a/b` }
    expect(await bench.put(target, await bench.tree([]))).toEqual({ files: 0, bytes: 0 })
    expect(disk.paths('')).toEqual(['out/', 'out/a/', 'out/a/b/'])
    expect(await bench.put(target, await bench.tree([]))).toEqual({ files: 0, bytes: 0 })
    expect(disk.paths('')).toEqual(['out/', 'out/a/', 'out/a/b/'])
  })

  test('H14, H17, H18: odd names are written as they are', async () => {
    const { disk, bench, out } = await begin()
    const names = ['-x', '__proto__', 'constructor', 'a\nb', '\u202Eb', 'CON', 'a:b', 'a.', ' ', '\u001b[2J']
    disk.write(Object.fromEntries(names.map((name) => [`in/${name}`, name])))
    await bench.put({ fs: disk.fs, folder: out }, (await bench.take(disk.fs, `${disk.root}/in`)).tree)
    expect(disk.paths('out')).toEqual([...names].sort())
    for (const name of names) expect(disk.read(`out/${name}`)).toBe(name)
  })

  test('H11: a name of 255 bytes is written', async () => {
    const { disk, bench, out } = await begin()
    const name = `${'ä'.repeat(127)}b`
    const body = noise(10)
    await bench.put({ fs: disk.fs, folder: out }, await bench.tree([fileOf(name, body)], [body]))
    expect(disk.paths('out')).toEqual([name])
  })

  test('who may read and run a file is what the process says of new files', async () => {
    const { disk, bench, out } = await begin()
    disk.write({ 'in/plain': 'x', 'in/run': 'y' })
    disk.fs.chmodSync(`${disk.root}/in/plain`, 0o600)
    disk.fs.chmodSync(`${disk.root}/in/run`, 0o700)
    await bench.put({ fs: disk.fs, folder: out }, (await bench.take(disk.fs, `${disk.root}/in`)).tree)
    disk.fs.writeFileSync(`${disk.root}/new`, '')
    const usual = disk.fs.statSync(`${disk.root}/new`).mode & 0o777
    expect(disk.fs.statSync(`${out}/plain`).mode & 0o777).toBe(usual)
    const runs = disk.fs.statSync(`${out}/run`).mode & 0o777
    expect(runs & 0o666).toBe(usual)
    expect(runs & 0o100).toBe(0o100)
  })

  test('a disk that keeps no executable bit gives the same tree back, when asked what was there', async () => {
    const { disk, bench, out } = await begin()
    disk.write({ 'in/sub/run': 'x', 'in/sub/plain': 'y' })
    disk.fs.chmodSync(`${disk.root}/in/sub/run`, 0o755)
    const { tree } = await bench.take(disk.fs, `${disk.root}/in`)
    // As FAT is mounted: it says what it is, and every file has the same bits whatever it is opened with.
    const fat = Object.assign(Object.create(disk.fs) as typeof disk.fs, {
      statfsSync: () => ({ type: 0x4d44 }),
      openSync: (path: string, flags: string) => disk.fs.openSync(path, flags, 0o644),
    })
    await bench.put({ fs: fat, folder: out }, tree)
    expect(keepsExecutableBit(fat, out, false)).toBe(false)
    expect((await bench.take(fat, out)).tree).not.toBe(tree)
    const nodes = nodeReader(bench.repo.objects)
    const executable = async (path: string): Promise<boolean> => {
      const entry = await lookup(nodes, tree, path)
      return entry?.type === 'file' && entry.executable === true
    }
    expect((await bench.take(fat, out, { executable })).tree).toBe(tree)
  })

  test('files become links to plain files where those are given; folders and links stay what they are', async () => {
    const { disk, bench, out } = await begin()
    disk.write({ 'in/a/b': 'one', 'in/c': 'two' })
    disk.fs.symlinkSync('c', `${disk.root}/in/link`)
    const { tree } = await bench.take(disk.fs, `${disk.root}/in`)
    const plainFile = ({ id }: { id: Id }): Promise<string> => Promise.resolve(`/plain/${id.slice(0, 4)}`)
    const done = await bench.put({ fs: disk.fs, folder: out, plainFile }, tree)
    expect(done).toEqual({ files: 2, bytes: 6 })
    const [one, two] = ['one', 'two'].map((body) => `-> /plain/${hashBytes(Buffer.from(body)).slice(0, 4)}`)
    expect([...contents(disk.fs, out)]).toEqual([
      ['a', 'folder'],
      ['a/b', one],
      ['c', two],
      ['link', '-> c'],
    ])
  })

  test('H26, H27: a blob that is not here leaves nothing', async () => {
    const { disk, bench, out } = await begin()
    const [here, gone] = [noise(10), noise(20)]
    const tree = await bench.tree([fileOf('a', here), fileOf('b', gone)], [here])
    await refusal(bench.put({ fs: disk.fs, folder: out }, tree), 'NOT_FOUND', hashBytes(gone))
    nothingLeft(disk)
  })

  test.each([
    ['smaller', 5000, 4999],
    ['larger', 5000, 5001],
    ['so much larger that it is streamed', 5000, 700_000],
    ['none', 5000, 0],
    ['a byte less than a chunked one', 700_000, 699_999],
    ['a byte more than a chunked one', 700_000, 700_001],
    ['so little that it is read whole', 700_000, 10],
  ])('H22: a size that is not the blob’s is refused: %s', async (_how, real, said) => {
    const { disk, bench, out } = await begin()
    const body = noise(real)
    const tree = await bench.tree([fileOf('data.bin', body, said)], [body])
    await refusal(bench.put({ fs: disk.fs, folder: out }, tree), 'CORRUPT', 'data.bin')
    nothingLeft(disk)
  })

  test('H22: a recipe that gives other bytes is refused at the end, and nothing of it is shown', async () => {
    const { disk, bench, out } = await begin()
    const [body, other] = [noise(700_000, 1), noise(700_000, 2)]
    const tree = await bench.tree([fileOf('data.bin', body)], [body])
    const wrong = await bench.repo.objects.batch(async (batch) => (await batch.writeBlob(other)).recipe)
    const recipe = (): Promise<Id | undefined> => Promise.resolve(wrong)
    await refusal(bench.put({ fs: disk.fs, folder: out, recipe }, tree), 'CORRUPT')
    nothingLeft(disk)
  })

  test('the recipe that the commit names is asked for by the blob, and used', async () => {
    const { disk, bench, out } = await begin()
    const body = noise(700_000)
    const made = await bench.repo.objects.batch((batch) => batch.writeBlob(body))
    const tree = await bench.tree([fileOf('data.bin', body)])
    const asked: Id[] = []
    const recipe = (blob: Id): Promise<Id | undefined> => {
      asked.push(blob)
      return Promise.resolve(made.recipe)
    }
    await bench.put({ fs: disk.fs, folder: out, recipe }, tree)
    expect(asked).toEqual([made.id])
    expect(Buffer.compare(disk.fs.readFileSync(`${out}/data.bin`), body)).toBe(0)
  })

  test('H8: nothing is written through a link, whatever order things are listed in', async () => {
    const { disk, bench, out } = await begin()
    const body = noise(10)
    await bench.tree([], [body])
    const file = fileOf('x', body)
    const items: CheckoutItem[] = [
      { path: 'b', entry: { type: 'group', name: 'b', id: hashBytes(body) } },
      { path: 'a', entry: { type: 'link', name: 'a', target: 'b' } },
      { path: 'a/x', entry: file },
    ]
    await refusal(
      bench.putListed({ fs: disk.fs, folder: out, force: true }, items),
      'NOT_FOUND',
      `${out}/a/x`,
    )
    nothingLeft(disk)
  })

  test('a name that comes twice is refused', async () => {
    const { disk, bench, out } = await begin()
    const body = noise(10)
    await bench.tree([], [body])
    const entry = fileOf('x', body)
    const items = [
      { path: 'x', entry },
      { path: 'x', entry },
    ]
    await refusal(bench.putListed({ fs: disk.fs, folder: out, force: true }, items), 'CONFLICT', `${out}/x`)
    nothingLeft(disk)
  })

  test('says how far it is, and never goes back', async () => {
    const { disk, bench, out } = await begin()
    const bodies = [noise(3_000_000, 1), noise(10, 2), noise(700_000, 3)]
    const tree = await bench.tree(
      bodies.map((body, i) => fileOf(`f${String(i)}`, body)),
      bodies,
    )
    const seen: Progress[] = []
    await bench.put({ fs: disk.fs, folder: out }, tree, { onProgress: (event) => void seen.push(event) })
    const mine = seen.filter(({ task }) => task === 'checkout')
    expect(mine.every(({ unit }) => unit === 'bytes')).toBe(true)
    const done = mine.map((event) => event.done)
    expect(done).toEqual([...done].sort((a, b) => a - b))
    expect(done.at(-1)).toBe(3_700_010)
    expect(new Set(done).size).toBeGreaterThan(5) // within the large ones too
  })

  test('H71: an abort leaves nothing, whenever it comes', async () => {
    const { disk, bench, out } = await begin()
    const bodies = [noise(1_000_000, 1), noise(10, 2), noise(20, 3)]
    const tree = await bench.tree(
      [...bodies.map((body, i) => fileOf(`f${String(i)}`, body)), { type: 'link', name: 'l', target: 'f0' }],
      bodies,
    )
    for (let at = 0; ; at++) {
      const controller = new AbortController()
      let events = 0
      const onProgress = (): void => {
        if (++events === at) controller.abort(new Error('enough'))
      }
      if (at === 0) controller.abort(new Error('enough'))
      const work = bench.put({ fs: disk.fs, folder: out }, tree, { signal: controller.signal, onProgress })
      const error: unknown = await work.catch((thrown: unknown) => thrown)
      if (events < at) {
        expect(at).toBeGreaterThan(5)
        return
      }
      expect(error).toEqual(new Error('enough'))
      nothingLeft(disk)
    }
  })
})
