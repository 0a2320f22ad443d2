// Bundles that are sealed as they should be, and hold what they should not: nothing of them reaches anyone.
import { describe, expect, test } from 'vitest'
import { concatBytes, utf8 } from '../../../src/core/base/bytes.ts'
import { idToBytes, type Id } from '../../../src/core/model/id.ts'
import { bundleInstall } from '../../../src/package/bundle/install.ts'
import { bundleList, bundleVerify } from '../../../src/package/bundle/list.ts'
import { exportPackage } from '../../../src/package/export.ts'
import { ls } from '../../../src/package/list.ts'
import { verify } from '../../../src/package/verify.ts'
import { hashBytes } from '#hash'
import { commitOf, craftBundle, onePackage, rawTree, type Crafted } from '../../support/crafted-bundle.ts'
import { disks } from '../../support/two-disks.ts'

const pkg = { owner: 'eve', name: 'trap' }
const right = onePackage('a.txt', 'hello\n')
const [commit, tree, blob] = right.records as [
  (typeof right.records)[0],
  (typeof right.records)[0],
  (typeof right.records)[0],
]
const other = 'f'.repeat(64) as Id

/** A bundle whose tree has these bytes. */
function withTree(bytes: Uint8Array): Crafted {
  const made = commitOf(hashBytes(bytes))
  return {
    header: { pkg, commit: hashBytes(made) },
    records: [{ kind: 'commit', body: made }, { kind: 'tree', body: bytes }, blob],
  }
}

const named = (name: string): Uint8Array =>
  rawTree([name, 1, idToBytes(hashBytes(blob.body)), blob.body.length])
const header = { pkg, commit: right.commit }

const cases: Readonly<Record<string, Crafted>> = {
  'other bytes under an id': {
    header,
    records: [commit, tree, { ...blob, body: utf8('owned\n'), id: hashBytes(blob.body) }],
  },
  'a commit that is not there': { header: { pkg, commit: other }, records: right.records },
  'a tree that is not there': { header, records: [commit, blob] },
  'a blob that is not there': { header, records: [commit, tree] },
  'a blob as a tree': { header, records: [commit, { ...tree, kind: 'blob' }, blob] },
  'a tree as a blob': { header, records: [commit, tree, { ...blob, kind: 'tree' }] },
  'a blob as the commit': { header: { pkg, commit: hashBytes(blob.body) }, records: right.records },
  'a file that climbs': withTree(named('../../owned')),
  'a file called ..': withTree(named('..')),
  'a file with a NUL': withTree(named('a\0b')),
  'a link that leaves': withTree(rawTree(['out', 2, '../../etc'])),
  'a file that is longer than its blob': withTree(
    rawTree(['a', 1, idToBytes(hashBytes(blob.body)), 2 ** 40]),
  ),
  'a package that climbs': {
    header: { ...header, pkg: { owner: '..', name: 'trap' } },
    records: right.records,
  },
  'a ref that climbs': {
    header: { ...header, refs: new Map([['tag/../../x', right.commit]]) },
    records: right.records,
  },
  'latest among its refs': {
    header: { ...header, refs: new Map([['latest', right.commit]]) },
    records: right.records,
  },
  'a tag of a commit that is not there': {
    header: { ...header, refs: new Map([['tag/x', other]]) },
    records: right.records,
  },
  'a frame that is none': {
    header,
    records: [commit, tree, { ...blob, encoding: 'zstd', id: hashBytes(blob.body) }],
  },
  'a recipe for a small blob': {
    header,
    records: [
      commit,
      tree,
      {
        kind: 'blob',
        encoding: 'recipe',
        id: hashBytes(blob.body),
        body: concatBytes([idToBytes(other), new Uint8Array(8)]),
      },
    ],
  },
  'entries that lie elsewhere': {
    header,
    records: right.records,
    entries: (all) => all.map((one) => ({ ...one, offset: one.offset + 1 })),
  },
  'entries beyond the pack': {
    header,
    records: right.records,
    entries: (all) => all.map((one) => ({ ...one, offset: 2 ** 40 })),
  },
  'a pack that is longer than it is': {
    header,
    records: right.records,
    pack: (one) => ({ ...one, size: one.size + 1 }),
  },
  'a pack of an impossible size': {
    header,
    records: right.records,
    pack: (one) => ({ ...one, size: 2 ** 52 }),
  },
  'an index before the packs': { header, records: right.records, indexOffset: () => 0 },
  'an index behind the end': { header, records: right.records, indexOffset: () => 2 ** 50 },
  'a header of four gigabytes': { header, records: right.records, start: (bytes) => bytes.with(4, 0xff) },
  'a header of another length': {
    header,
    records: right.records,
    start: (bytes) => bytes.with(7, (bytes[7] as number) - 1),
  },
  'another magic': { header, records: right.records, start: (bytes) => bytes.with(1, 0x50) },
}

const [, makeDisk] = disks[1] as (typeof disks)[number]

test('one that is made by hand as it should be is installed', async () => {
  const disk = makeDisk()
  disk.write({ 'right.bundle': craftBundle({ header, records: right.records }) })
  const ben = await disk.session('ben')
  await bundleVerify(ben, ['right.bundle'])
  await bundleInstall(ben, ['right.bundle'])
  await exportPackage(ben, { handle: 'eve/trap', destination: 'out' })
  expect(disk.read('out/a.txt')).toBe('hello\n')
})

describe('refused is', () => {
  test.each(Object.entries(cases))('%s', async (_name, crafted) => {
    const disk = makeDisk()
    disk.write({ 'trap.bundle': craftBundle(crafted) })
    const ben = await disk.session('ben')
    await expect(bundleInstall(ben, ['trap.bundle'])).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining('trap.bundle') as string,
    })
    for await (const one of ls(ben)) expect(one).toBeUndefined()
    expect((await verify(ben, [])).problems).toEqual([])
    // A store only for what could be looked into; and nothing beside it.
    expect(disk.fs.readdirSync(disk.root).filter((name) => name !== 'ben')).toEqual(['trap.bundle'])
  })

  test('a newer format, with what to do', async () => {
    const disk = makeDisk()
    const bytes = craftBundle({ header, records: right.records, start: (from) => from.with(2, 0x32) })
    disk.write({ 'new.bundle': bytes })
    const ben = await disk.session('ben')
    for (const act of [bundleInstall, bundleList, bundleVerify]) {
      await expect(act(ben, ['new.bundle'])).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        hint: 'upgrade quilt',
      })
    }
  })
})

test('one whose base is not here is told apart from one that is damaged', async () => {
  const disk = makeDisk()
  const bytes = craftBundle({ header: { ...header, since: other }, records: right.records })
  disk.write({ 'more.bundle': bytes })
  await expect(bundleInstall(await disk.session('ben'), ['more.bundle'])).rejects.toMatchObject({
    code: 'NOT_FOUND',
    hint: expect.stringContaining('--since') as string,
  })
})
