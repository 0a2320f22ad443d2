// One flipped bit in any file of a store: verify finds it and names just what it hurts, or it is harmless. What it hurts
// an oracle says, that reads every file of every commit of every package. QUILT_CRASH_ALL=1 flips more of the bits.
import { expect, test } from 'vitest'
import type { FileSystem } from '../../src/core/base/fs-node.ts'
import { isQuiltError } from '../../src/core/base/error.ts'
import { ancestors } from '../../src/core/history/commits.ts'
import { formatPackageName } from '../../src/core/model/package-name.ts'
import { joinPath } from '../../src/core/model/path.ts'
import { latest } from '../../src/core/model/ref-name.ts'
import type { Id } from '../../src/core/model/id.ts'
import { encodeCondemned } from '../../src/core/codec/condemned.ts'
import { sendBlob } from '../../src/core/store/blob-source.ts'
import type { ObjectReader } from '../../src/core/store/object-store.ts'
import { derivedEntries, entries } from '../../src/core/tree/entries.ts'
import { nodeReader, type NodeReader } from '../../src/core/tree/node.ts'
import { build } from '../../src/package/build.ts'
import { exportPackage } from '../../src/package/export.ts'
import { gc } from '../../src/package/gc.ts'
import { tagAdd } from '../../src/package/names/naming.ts'
import type { Session } from '../../src/package/session.ts'
import { verify, type ReportedProblem } from '../../src/package/verify.ts'
import { dice, diskOf, imageOf, root, within, type DiskImage, type MemoryFs } from '../support/crash-world.ts'
import { noise } from '../support/store-bench.ts'

const all = process.env['QUILT_CRASH_ALL'] === '1'
const flipsInEach = all ? 120 : 6
const store = `${root}/ada`

/** Packs, indexes of one pack and of several, generations and segments, a writer, a mark, a list, plain files. */
async function sample(): Promise<DiskImage> {
  const fs = diskOf([])
  const write = (path: string, body: string | Uint8Array): void => {
    fs.mkdirSync(`${root}/${path.slice(0, path.lastIndexOf('/'))}`, { recursive: true })
    fs.writeFileSync(`${root}/${path}`, body)
  }
  write('wine/README.md', '# wine\n')
  write('wine/deep/er/b.csv', 'a,b\n1,2\n'.repeat(50))
  write('wine/big.bin', noise(280_000, 3))
  write('tea/deep/er/b.csv', 'a,b\n1,2\n'.repeat(50))
  write('tea/own.txt', 'tea')
  await within(fs, 'ada', async (ada) => {
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    await build(ada, { handle: 'bob/tea', path: 'tea' })
    write('wine/README.md', '# wine, again\n')
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    for (let n = 0; n < 18; n++)
      await tagAdd(ada, { pkg: 'ada/wine', tag: `t${String(n)}`, revision: 'latest' })
    await gc(ada, { patience: 0 })
    await build(ada, { handle: 'ada/one/two', path: 'tea' })
    for (let n = 0; n < 40 && !hasMergedIndex(fs); n++)
      await build(ada, { handle: `ada/n${String(n % 2)}` }, { message: String(n), force: true })
    await exportPackage(ada, { handle: 'ada/wine', destination: 'out' }, { symlinks: true })
  })
  write(`ada/writers/${'1'.repeat(32)}`, 'announced\n')
  write(`ada/lapsed/${'2'.repeat(32)}`, 'given up\n')
  write(`ada/condemned/${'3'.repeat(32)}`, encodeCondemned({ packs: ['4'.repeat(32)], writers: [] }))
  return imageOf(fs)
}

/** True when an index covers several packs: then its name is no pack's. */
function hasMergedIndex(fs: MemoryFs): boolean {
  const packs = new Set(fs.readdirSync(`${store}/packs`).map(String))
  return fs.readdirSync(`${store}/index`).some((name) => !packs.has(String(name)))
}

/** Of each package, the paths of files that cannot be had as they were, in any commit; '' for what is above them. */
async function oracle(fs: FileSystem): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  return within(fs, 'ada', async (session) => {
    const hurt = new Map<string, Set<string>>()
    const { repository } = await session.local()
    const { objects } = repository
    for (const { name, latest: head } of states) {
      const paths = new Set<string>()
      try {
        for await (const { commit } of ancestors(objects, head)) {
          const reading = { name, objects, nodes: nodeReader(objects), paths }
          await readTree(reading, commit.tree, '')
          if (commit.derived !== undefined) await readDerived(reading, commit.derived)
        }
      } catch (error) {
        lost(error)
        paths.add('')
      }
      if (paths.size > 0) hurt.set(name, paths)
    }
    return hurt
  })
}

/** Packages and their commits, noted while all is whole: the oracle must not ask refs that may be damaged. */
const states: { readonly name: string; readonly latest: Id }[] = []
/** The packages that a blob is in. */
const holders = new Map<string, Set<string>>()

async function noteStates(session: Session): Promise<void> {
  const { repository } = await session.local()
  for await (const { pkg, refs } of repository.refs.packages()) {
    const head = refs.get(latest)
    if (head !== undefined) states.push({ name: formatPackageName(pkg), latest: head })
  }
}

/** Stands for what no path of a package's tree leads to: its derived trees, and their recipes. */
const derived = '(derived)'

interface Reading {
  readonly name: string
  readonly objects: ObjectReader
  readonly nodes: NodeReader
  readonly paths: Set<string>
}

async function readTree(reading: Reading, tree: Id, path: string): Promise<void> {
  try {
    for await (const entry of entries(reading.nodes, tree)) {
      const below = joinPath(path, entry.name)
      if (entry.type === 'group') await readTree(reading, entry.id, below)
      else if (entry.type === 'file') await readFile(reading, entry.id, below)
    }
  } catch (error) {
    lost(error)
    reading.paths.add(path)
  }
}

/** Recipes, and views: trees of files of their own. */
async function readDerived(reading: Reading, tree: Id): Promise<void> {
  const { objects, nodes, paths } = reading
  try {
    for await (const entry of derivedEntries(nodes, tree)) {
      if (entry.type === 'group') await readView(reading, entry.id)
      else for await (const { body } of objects.readMany([entry.id])) void body
    }
  } catch (error) {
    lost(error)
    paths.add(derived)
  }
}

async function readView(reading: Reading, tree: Id): Promise<void> {
  for await (const entry of entries(reading.nodes, tree)) {
    if (entry.type === 'group') await readView(reading, entry.id)
    else if (entry.type === 'file')
      await sendBlob(reading.objects, { blob: entry.id, recipe: undefined }, () => undefined)
  }
}

async function readFile({ name, objects, paths }: Reading, blob: Id, path: string): Promise<void> {
  holders.set(blob, (holders.get(blob) ?? new Set()).add(name))
  try {
    await sendBlob(objects, { blob, recipe: undefined }, () => undefined)
  } catch (error) {
    lost(error)
    paths.add(path)
  }
}

function lost(error: unknown): void {
  if (!isQuiltError(error, 'CORRUPT') && !isQuiltError(error, 'NOT_FOUND')) throw error
}

function filesBelow(fs: MemoryFs, folder: string): readonly string[] {
  return fs
    .readdirSync(folder)
    .map(String)
    .sort()
    .flatMap((name) => {
      const path = `${folder}/${name}`
      return fs.lstatSync(path).isDirectory() ? filesBelow(fs, path) : [path]
    })
}

/** The paths that problems name, by package, without the commit. */
function namedPaths(problems: readonly ReportedProblem[]): ReadonlyMap<string, ReadonlySet<string>> {
  const named = new Map<string, Set<string>>()
  for (const { packages, paths } of problems) {
    for (const name of packages) {
      const of = named.get(name) ?? new Set()
      named.set(name, of)
      for (const handle of paths) {
        const path = handle.slice(0, handle.lastIndexOf('@'))
        if (path === name) of.add('')
        else if (path.startsWith(`${name}/`)) of.add(path.slice(name.length + 1))
      }
    }
  }
  return named
}

const covers = (above: string, path: string): boolean =>
  above === '' || path === above || path.startsWith(`${above}/`)

/** What is wrong with what verify says, as the oracle sees it. */
async function judge(fs: MemoryFs, kind: string, at: string): Promise<string> {
  let problems: readonly ReportedProblem[]
  try {
    problems = await within(fs, 'ada', async (session) => (await verify(session, [])).problems)
  } catch (error) {
    expect([at, isQuiltError(error, 'CORRUPT') || isQuiltError(error, 'UNSUPPORTED')]).toEqual([at, true])
    return 'refused'
  }
  if (kind === 'refs') {
    const packages = new Set(problems.flatMap((problem) => problem.packages))
    expect([at, [...packages]]).toEqual([at, [at.split('/').slice(-3, -1).join('/')]])
    return 'found'
  }
  if (kind === 'files') {
    const id = at.split('/').at(-1)
    expect(problems).toMatchObject([{ what: 'plain', id, key: at.slice(store.length + 1) }])
    expect([...(problems[0]?.packages ?? [])].sort()).toEqual([...(holders.get(String(id)) ?? [])].sort())
    return 'found'
  }
  const hurt = await oracle(diskOf(imageOf(fs)))
  const named = namedPaths(problems.filter(({ what }) => what === 'object' || what === 'missing'))
  expect([at, [...named.keys()].sort()]).toEqual([at, [...hurt.keys()].sort()])
  for (const [name, paths] of hurt) {
    const of = [...(named.get(name) ?? [])]
    const unnamed = [...paths].filter((path) => path !== derived && !of.some((above) => covers(above, path)))
    const unhurt = of.filter(
      (above) => ![...paths].some((path) => path === derived || covers(above, path) || covers(path, above)),
    )
    expect([at, name, unnamed, unhurt]).toEqual([at, name, [], []])
  }
  return problems.length > 0 ? 'found' : 'harmless'
}

test(
  'one flipped bit in any kind of file is found with just what it hurts, or harmless',
  { timeout: 3_600_000 },
  async () => {
    const image = await sample()
    const fs = diskOf(image)
    await within(fs, 'ada', noteStates)
    expect([...(await oracle(fs)).keys()]).toEqual([])
    const files = filesBelow(fs, store).filter((path) => !path.endsWith('/cache/garbage'))
    const kinds = new Map<string, number>()
    const roll = dice(Number(process.env['QUILT_CRASH_SEED'] ?? 1))
    for (const path of files) {
      const kind = path.slice(store.length + 1).split('/')[0] as string
      const whole = Buffer.from(fs.readFileSync(path))
      for (let n = 0; n < flipsInEach; n++) {
        const disk = diskOf(image)
        const bytes = Buffer.from(whole)
        const at = roll(bytes.length)
        bytes[at] = (bytes[at] as number) ^ (1 << roll(8))
        const { atime, mtime, mode } = disk.statSync(path)
        disk.chmodSync(path, 0o644)
        disk.writeFileSync(path, bytes)
        disk.chmodSync(path, mode)
        disk.utimesSync(path, atime, mtime)
        const verdict = `${await judge(disk, kind, `${path}`)} ${kind}`
        kinds.set(verdict, (kinds.get(verdict) ?? 0) + 1)
      }
    }
    kinds.delete('harmless packs') // some bits of a zstd frame say nothing of what is in it
    expect([...kinds.keys()].sort()).toEqual([
      'found condemned',
      'found files',
      'found index',
      'found packs',
      'found refs',
      'harmless lapsed',
      'harmless writers',
      'refused format',
    ])
    // Of every kind that there is: segments, and an index of several packs.
    expect(files.some((path) => /\/s\d{16}-/.test(path))).toBe(true)
    expect(hasMergedIndex(fs)).toBe(true)
  },
)
