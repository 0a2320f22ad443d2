// The stat cache on LevelDB: ranges of names, and whatever may befall its files.
import { execFileSync, spawn } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Level } from 'level'
import { describe, expect, onTestFinished, test } from 'vitest'
import { noStatCache, openStatCache, type CachedFile, type StatCache } from '../../src/worktree/stat-cache.ts'
import { idOf } from '../support/ref-bench.ts'
import { noise } from '../support/store-bench.ts'
import { tempDir } from '../support/temp-dir.ts'

const home = fileURLToPath(new URL('../..', import.meta.url))

const file = (n: number, recipe?: number): CachedFile => ({
  stamp: {
    size: n,
    modified: 1_700_000_000_000.25 + n,
    changed: 1_700_000_000_001.5 + n,
    inode: 2 ** 40 + n,
  },
  id: idOf(n + 1),
  ...(recipe === undefined ? undefined : { recipe: idOf(recipe) }),
})

const files = (...names: readonly string[]): Map<string, CachedFile> =>
  new Map(names.map((name, i) => [name, file(i)]))

const many = (count: number): Map<string, CachedFile> =>
  files(...Array.from({ length: count }, (_, i) => `f${String(i).padStart(6, '0')}`))

interface Opened {
  readonly cache: StatCache
  readonly resets: () => number
}

async function open(folder: string): Promise<Opened> {
  let resets = 0
  const cache = await openStatCache(folder, () => {
    resets++
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
  })
  onTestFinished(() => cache.close())
  return { cache, resets: () => resets }
}

describe('what is written is read', () => {
  test('with every field, also after it was closed', async () => {
    const folder = tempDir()
    const seen = new Map([
      ['a', file(0)],
      ['b', file(1, 7)],
      ['ä\n"', file(2 ** 33)],
      ['__proto__', file(3)],
    ])
    const first = await open(folder)
    await first.cache.write({ folder: '/x', first: '', next: undefined, files: seen })
    expect(await first.cache.read('/x', '', undefined)).toEqual(seen)
    await first.cache.close()
    expect(await (await open(folder)).cache.read('/x', '', undefined)).toEqual(seen)
  })

  test('of that folder and no other', async () => {
    const { cache } = await open(tempDir())
    for (const [i, folder] of ['/x', '/x/y', '/xy', '/'].entries()) {
      await cache.write({ folder, first: '', next: undefined, files: new Map([[folder, file(i)]]) })
    }
    for (const folder of ['/x', '/x/y', '/xy', '/']) {
      expect([...(await cache.read(folder, '', undefined)).keys()]).toEqual([folder])
    }
    expect(await cache.read('/nowhere', '', undefined)).toEqual(new Map())
  })

  test('of that range and no other, however ranges were cut before', async () => {
    const { cache } = await open(tempDir())
    const names = [...'abcdefghij']
    const all = files(...names)
    const write = (first: string, next: string | undefined): Promise<void> => {
      const inside = names.filter((name) => name >= first && (next === undefined || name < next))
      return cache.write({
        folder: '/x',
        first,
        next,
        files: new Map(inside.map((name) => [name, all.get(name) as CachedFile])),
      })
    }
    await write('', undefined)
    await write('', 'd') // what the only slice held from 'd' on is kept
    expect(await cache.read('/x', '', undefined)).toEqual(all)
    await write('d', 'g')
    await write('g', undefined)
    await write('', 'e')
    await write('e', 'h')
    await write('h', undefined)
    expect(await cache.read('/x', '', undefined)).toEqual(all)
    expect([...(await cache.read('/x', 'c', 'f')).keys()]).toEqual(['c', 'd', 'e'])
    expect([...(await cache.read('/x', 'b', 'i')).keys()]).toEqual([...'bcdefgh'])
    await write('c', 'c')
    expect([...(await cache.read('/x', 'd', 'e')).keys()]).toEqual(['d'])
  })

  test('what is not named any more is forgotten', async () => {
    const { cache } = await open(tempDir())
    await cache.write({ folder: '/x', first: '', next: undefined, files: files('a', 'b', 'c') })
    await cache.write({ folder: '/x', first: '', next: undefined, files: files('b') })
    expect([...(await cache.read('/x', '', undefined)).keys()]).toEqual(['b'])
    await cache.write({ folder: '/x', first: '', next: undefined, files: new Map() })
    expect(await cache.read('/x', '', undefined)).toEqual(new Map())
  })
})

test('H70: while another has it open it remembers nothing, and is not reset', async () => {
  const folder = tempDir()
  const first = await open(folder)
  await first.cache.write({ folder: '/x', first: '', next: undefined, files: files('a') })
  const second = await open(folder)
  expect(second.cache).toBe(noStatCache)
  expect(second.resets()).toBe(0)
  expect([...(await first.cache.read('/x', '', undefined)).keys()]).toEqual(['a'])
})

test('H70: while another process has it open it remembers nothing', async () => {
  const folder = tempDir()
  const script = `const { Level } = await import('level')
    await new Level(${JSON.stringify(folder)}).open(); console.log('open'); setInterval(() => 0, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: home })
  onTestFinished(() => void child.kill('SIGKILL'))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const { cache, resets } = await open(folder)
  expect(cache).toBe(noStatCache)
  expect(resets()).toBe(0)
})

test('where nothing can be made it remembers nothing', async () => {
  const folder = join(tempDir(), 'file')
  writeFileSync(folder, 'in the way')
  const cache = await openStatCache(folder, () => {
    throw new Error('cannot')
  })
  expect(cache).toBe(noStatCache)
})

describe('damage', () => {
  const seen = many(800)

  /** A closed cache of two generations, so that there is a table as well as a log. */
  async function filled(): Promise<string> {
    const folder = tempDir()
    for (const path of ['/x', '/y']) {
      const cache = await openStatCache(folder, () => undefined)
      await cache.write({ folder: path, first: '', next: undefined, files: seen })
      await cache.close()
    }
    const db = new Level(folder)
    await db.open()
    await (db as unknown as { compactRange(a: string, b: string): Promise<void> }).compactRange('\0', '\xff')
    await db.close()
    const cache = await openStatCache(folder, () => undefined)
    await cache.write({ folder: '/z', first: '', next: undefined, files: seen })
    await cache.close()
    return folder
  }

  /** What is remembered is right or forgotten; and it can be written and read again, at the latest when reopened. */
  async function expectHarmless(folder: string): Promise<void> {
    const { cache } = await open(folder)
    for (const path of ['/x', '/y', '/z']) {
      for (const [name, found] of await cache.read(path, '', undefined)) expect(found).toEqual(seen.get(name))
    }
    await cache.write({ folder: '/x', first: '', next: undefined, files: seen })
    await cache.close()
    for (let i = 0; i < 2; i++) {
      const again = await open(folder)
      expect(again.cache).not.toBe(noStatCache)
      for (const path of ['/x', '/y', '/z']) {
        for (const [name, found] of await again.cache.read(path, '', undefined)) {
          expect(found).toEqual(seen.get(name))
        }
      }
      await again.cache.write({ folder: '/x', first: '', next: undefined, files: seen })
      if (i === 1) expect(await again.cache.read('/x', '', undefined)).toEqual(seen)
      await again.cache.close()
    }
  }

  const damages: readonly (readonly [string, (path: string) => void])[] = [
    ['garbage', (path) => writeFileSync(path, noise(5000))],
    ['nothing', (path) => truncateSync(path, 0)],
    ['half of it', (path) => truncateSync(path, readFileSync(path).length >> 1)],
    ['garbage behind it', (path) => appendFileSync(path, noise(5000))],
  ]
  const kinds = [/^CURRENT$/, /^MANIFEST-/, /\.log$/, /\.ldb$/, /^LOCK$/, /^LOG$/]
  test.each(damages.flatMap(([what, damage]) => kinds.map((kind) => [what, kind, damage] as const)))(
    '%s in %s',
    async (_what, kind, damage) => {
      const folder = await filled()
      const hit = readdirSync(folder).filter((name) => kind.test(name))
      expect(hit.length).toBeGreaterThan(0)
      for (const name of hit) damage(join(folder, name))
      await expectHarmless(folder)
    },
  )

  test('all files lost but one, each in turn', async () => {
    const count = readdirSync(await filled()).length
    for (let i = 0; i < count; i++) {
      const folder = await filled()
      readdirSync(folder).forEach((name, n) => {
        if (n !== i) rmSync(join(folder, name), { recursive: true })
      })
      await expectHarmless(folder)
    }
  })

  test('a bit flipped anywhere in the tables never gives a wrong id', async () => {
    const folder = await filled()
    const table = readdirSync(folder).find((name) => name.endsWith('.ldb')) as string
    const whole = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]))
    const bytes = whole.get(table) as Buffer
    let forgotten = 0
    for (let i = 0; i < 60; i++) {
      rmSync(folder, { recursive: true })
      mkdirSync(folder)
      for (const [name, body] of whole) writeFileSync(join(folder, name), body)
      const flipped = Buffer.from(bytes)
      const at = Math.floor((i / 60) * bytes.length)
      flipped[at]! ^= 1 << (i % 8)
      writeFileSync(join(folder, table), flipped)
      const cache = await openStatCache(folder, () => undefined)
      for (const path of ['/x', '/y', '/z']) {
        const read = await cache.read(path, '', undefined)
        if (read.size < seen.size) forgotten++
        for (const [name, found] of read) expect(found).toEqual(seen.get(name))
      }
      await cache.close()
    }
    expect(forgotten).toBeGreaterThan(10)
  })
})

test('a failure while it is used is no failure of the build', async () => {
  const folder = tempDir()
  const { cache, resets } = await open(folder)
  await cache.write({ folder: '/x', first: '', next: undefined, files: files('a') })
  await cache.close()
  expect(await cache.read('/x', '', undefined)).toEqual(new Map())
  await cache.write({ folder: '/x', first: '', next: undefined, files: files('a') })
  await cache.close()
  expect(resets()).toBe(1)
})

test('nor is one that can neither be used nor emptied', async () => {
  const cache = await openStatCache(tempDir(), () => {
    throw new Error('the disk failed')
  })
  await cache.close()
  expect(await cache.read('/x', '', undefined)).toEqual(new Map())
  await cache.close()
})

test.runIf(process.platform === 'linux')('H51: a full disk is no failure of the build', async () => {
  const folder = tempDir()
  const program = join('test', 'support', 'stat-cache-child.ts')
  // The limit on a file's size stands in for a small disk: both fail in write(2).
  const command = `ulimit -f 2000; trap '' XFSZ; exec "$0" scripts/run-ts.js "$1" "$2"`
  const printed = execFileSync('bash', ['-c', command, process.execPath, program, folder], {
    cwd: home,
    encoding: 'utf8',
  })
  expect(printed).toContain('done')
})
