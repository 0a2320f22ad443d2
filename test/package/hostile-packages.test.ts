// A remote whose objects no quilt would write: trees with names that climb, blobs for trees, other bytes. Whoever
// installs, exports, pushes or verifies is told, and nothing of it reaches a store or a folder.
import { execFileSync } from 'node:child_process'
import { describe, expect, onTestFinished, test } from 'vitest'
import { concatBytes, utf8 } from '../../src/core/base/bytes.ts'
import { encodePackable, type Packable } from '../../src/core/codec/msgpack.ts'
import { encodeTreeNode } from '../../src/core/codec/objects/tree-node.ts'
import { idToBytes, type Id } from '../../src/core/model/id.ts'
import { createRepository, type PackRepository } from '../../src/core/repo/open-repository.ts'
import type { ObjectWriter } from '../../src/core/store/object-store.ts'
import { build } from '../../src/package/build.ts'
import { exportPackage } from '../../src/package/export.ts'
import { install } from '../../src/package/exchange/install.ts'
import { push } from '../../src/package/exchange/push.ts'
import { ls } from '../../src/package/list.ts'
import { verify } from '../../src/package/verify.ts'
import { fileBackend } from '../../src/plugins/backends/file.ts'
import { fakeAmbient } from '../support/ambient.ts'
import { publish, writeCommit } from '../support/store-bench.ts'
import { disks, type Disk } from '../support/two-disks.ts'

/** What to write as a package's tree. */
type Plant = (out: ObjectWriter) => Promise<Id>

let seeds = 100

/** A repository at `root`/NAME with a package `eve/trap` whose tree is what `plant` writes. */
async function plantAt(disk: Disk, name: string, plant: Plant): Promise<void> {
  const ambient = fakeAmbient(++seeds)
  const backend = fileBackend(`${disk.root}/${name}`, { fs: disk.fs, randomName: () => ambient.randomName() })
  const repo: PackRepository = await createRepository(backend, ambient)
  await repo.objects.batch(
    async (out) => writeCommit(out, { tree: await plant(out), derived: undefined }),
    (commit) => publish(repo, 'eve/trap', commit),
  )
  await repo.close()
}

/** A tree of these raw entries, in the order given. */
function rawTree(...entries: readonly Packable[]): Uint8Array {
  return encodePackable('QT1\n', [0, entries])
}

const content = utf8('owned')

/** A tree with one file of that name. */
function named(name: string): Plant {
  return async (out) => {
    const { id, size } = await out.writeBlob(content)
    return out.write('tree', rawTree([name, 1, idToBytes(id), size]))
  }
}

/** The same, a group below. */
function below(plant: Plant): Plant {
  return async (out) => out.write('tree', rawTree(['d', 0, idToBytes(await plant(out))]))
}

function linked(target: string): Plant {
  return (out) => out.write('tree', rawTree(['link', 2, target]))
}

/** `count` groups within one another. */
function nested(count: number): Plant {
  return async (out) => {
    let tree = await out.write('tree', rawTree())
    for (let i = 0; i < count; i++) tree = await out.write('tree', rawTree(['d', 0, idToBytes(tree)]))
    return tree
  }
}

const cases: readonly (readonly [string, Plant])[] = [
  ['H1: ..', named('..')],
  ['H1: .', named('.')],
  ['H1: no name', named('')],
  ['H1: a slash', named('../../etc/passwd')],
  ['H1: a backslash', named('..\\x')],
  ['H1: .. two levels down', below(below(named('..')))],
  ['H2: an absolute path', named('/etc/x')],
  ['H2: a share', named('\\\\srv\\x')],
  ['H2: a link to an absolute path', linked('/etc/passwd')],
  ['H2: a link to a drive', linked('C:x')],
  ['H2: a link that climbs', linked('../../x')],
  ['H3: a NUL', named('a\0b')],
  ['H11: a name of 256 bytes', named('x'.repeat(256))],
  ['H12: 600 levels', nested(600)],
  [
    'H26: a node whose child has other names than it says',
    async (out) => {
      const [one, two] = await Promise.all(['a', 'z'].map((name) => named(name)(out)))
      const children = [
        ['m', idToBytes(one as Id), 1],
        ['z', idToBytes(two as Id), 1],
      ]
      return out.write('tree', encodePackable('QT1\n', [1, children]))
    },
  ],
  ['H26: a blob for a tree', async (out) => (await out.writeBlob(content)).id],
  [
    'H26: a commit for a tree',
    async (out) => writeCommit(out, { tree: await named('a')(out), derived: undefined }),
  ],
  ['H26: a blob for a group', below(async (out) => (await out.writeBlob(content)).id)],
  [
    'H30: entries out of order',
    async (out) => {
      const id = idToBytes((await out.writeBlob(content)).id)
      return out.write('tree', rawTree(['b', 1, id, 5], ['a', 1, id, 5]))
    },
  ],
  [
    'H30: a name twice',
    async (out) => {
      const id = idToBytes((await out.writeBlob(content)).id)
      return out.write('tree', rawTree(['a', 1, id, 5], ['a', 1, id, 5]))
    },
  ],
  [
    'H30: bytes behind the end',
    (out) => out.write('tree', concatBytes([encodeTreeNode({ level: 0, entries: [] }), utf8('x')])),
  ],
  ['H35: of a newer format', (out) => out.write('tree', encodePackable('QT2\n', [0, []]))],
]

describe.each(disks)('on %s', (where, makeDisk) => {
  // What names become on a disk is tried on a real one; what is in objects is the same everywhere.
  const here = where === 'memfs' ? cases : cases.filter(([what]) => /^H[123]:/.test(what))
  test.each(here)(
    '%s: no install takes it, no push sends it, no export writes it, verify says it',
    async (_what, plant) => {
      const disk = makeDisk()
      await plantAt(disk, 'remote', plant)
      await plantAt(disk, 'eve', plant)
      const refusal = { code: expect.stringMatching(/^(CORRUPT|UNSUPPORTED|INVALID)$/) as string }

      const ada = await disk.session('ada')
      await expect(install(ada, 'eve/trap', { remote: './remote' })).rejects.toMatchObject(refusal)
      for await (const one of ls(ada)) expect(one).toBeUndefined()
      expect((await verify(ada, [])).problems).toEqual([])

      const eve = await disk.session('eve')
      await expect(push(eve, 'eve/trap', { remote: './other' })).rejects.toMatchObject(refusal)
      await expect(install(ada, 'eve/trap', { remote: './other' })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      })
      await expect(exportPackage(eve, { handle: 'eve/trap', destination: 'out/a/b' })).rejects.toMatchObject(
        refusal,
      )
      expect(disk.fs.existsSync(`${disk.root}/out`)).toBe(false)
      const { problems } = await verify(eve, [])
      expect(problems.length).toBeGreaterThan(0)
    },
  )
})

test('H11: a path of more than 4,096 bytes is refused by a build and an export, clearly, and nothing is left', async () => {
  const disk = (disks[0] as (typeof disks)[number])[1]()
  const name = 'd'.repeat(250)
  const nest = (folder: string, count: number): void => {
    const script = `mkdir "$1" && cd "$1" && for i in $(seq ${String(count)}); do mkdir "$2" && cd "$2"; done && echo x > f`
    execFileSync('bash', ['-c', script, 'bash', `${disk.root}/${folder}`, name])
  }
  // Node cannot remove what it cannot name.
  onTestFinished(() => void execFileSync('rm', ['-rf', `${disk.root}/long`]))
  nest('long', 17)
  nest('half', 11)
  const ada = await disk.session('ada')
  const refusal = { code: 'INVALID', message: expect.stringMatching(/: the path is too long/) as string }
  await expect(build(ada, { handle: 'ada/long', path: 'long' })).rejects.toMatchObject(refusal)
  await build(ada, { handle: 'ada/half', path: 'half' })
  const destination = Array<string>(8).fill('e'.repeat(240)).join('/')
  await expect(exportPackage(ada, { handle: 'ada/half', destination })).rejects.toMatchObject(refusal)
  expect(disk.fs.readdirSync(disk.root).sort()).toEqual(['ada', 'half', 'long'])
})
