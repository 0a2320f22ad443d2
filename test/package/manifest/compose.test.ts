// Packages made of parts of others: pinned, from here or a read-only store or an origin, never of themselves.
import { describe, expect, test } from 'vitest'
import { isQuiltError } from '../../../src/core/base/error.ts'
import { readCommit } from '../../../src/core/history/commits.ts'
import type { Source } from '../../../src/core/model/commit.ts'
import type { Id } from '../../../src/core/model/id.ts'
import { build } from '../../../src/package/build.ts'
import { check } from '../../../src/package/check.ts'
import { exportPackage } from '../../../src/package/export.ts'
import { gc } from '../../../src/package/gc.ts'
import { inspect } from '../../../src/package/inspect.ts'
import { install } from '../../../src/package/exchange/install.ts'
import { push } from '../../../src/package/exchange/push.ts'
import { versionAdd } from '../../../src/package/names/naming.ts'
import { rm } from '../../../src/package/remove.ts'
import type { Session } from '../../../src/package/session.ts'
import { verify } from '../../../src/package/verify.ts'
import { disks, noise, type Disk } from '../../support/two-disks.ts'

/** A build of `build.yml` with this text. */
async function made(disk: Disk, session: Session, handle: string, text: string): ReturnType<typeof build> {
  disk.write({ 'src/build.yml': text })
  return build(session, { handle, path: 'src/build.yml' })
}

async function problem(disk: Disk, session: Session, handle: string, text: string): Promise<string> {
  const error: unknown = await made(disk, session, handle, text).catch((error: unknown) => error)
  if (!isQuiltError(error, 'INVALID')) throw error
  return error.message
}

async function sourcesOf(session: Session, commit: Id | undefined): Promise<readonly Source[]> {
  return (await readCommit((await session.local()).repository.objects, commit as Id)).sources ?? []
}

/** `ada/base`: two revisions, the first of which is version 1.0. */
async function base(disk: Disk, session: Session): Promise<readonly [Id, Id]> {
  disk.write({ 'base/train.csv': 'one', 'base/deep/x.csv': 'x', 'base/big.bin': noise(600_000) })
  disk.fs.symlinkSync('../train.csv', `${disk.root}/base/deep/up`)
  const first = await build(session, { handle: 'ada/base', path: 'base' })
  await versionAdd(session, { pkg: 'ada/base', version: '1.0', revision: 'latest' }, { local: true })
  disk.write({ 'base/train.csv': 'two' })
  const second = await build(session, { handle: 'ada/base', path: 'base' })
  return [first.commit as Id, second.commit as Id]
}

describe.each(disks)('on %s', (_name, makeDisk) => {
  test('a file, a group and a whole package are taken over, at the revision that is named, and where from is told', async () => {
    const disk = makeDisk()
    const ada = await disk.session('ada')
    const [first, second] = await base(disk, ada)
    const text = `contents:
  new: { package: ada/base/train.csv }
  old: { package: ada/base/train.csv@1.0 }
  g:
    deep: { package: ada/base/deep, meta: { of: base } }
  whole: { package: ada/base@latest~1 }`
    const result = await made(
      disk,
      ada,
      'ada/wine',
      text.replace('  old: { package: ada/base/train.csv@1.0 }\n', ''),
    )
    expect(result).toMatchObject({ files: 5 })
    expect(await problem(disk, ada, 'ada/wine', text)).toContain(
      '"old" and "new" would both be exported as "train.csv"',
    )
    expect(await sourcesOf(ada, result.commit)).toEqual([
      { path: 'g/deep', handle: 'ada/base/deep', commit: second },
      { path: 'new', handle: 'ada/base/train.csv', commit: second },
      { path: 'whole', handle: 'ada/base@latest~1', commit: first },
    ])
    const { children } = await inspect(ada, 'ada/wine')
    expect(children?.find(({ name }) => name === 'new')).toMatchObject({
      source: 'train.csv',
      from: { handle: 'ada/base/train.csv', commit: second },
    })
    expect((await inspect(ada, 'ada/wine/g/deep')).meta).toEqual({ of: 'base' })
    expect((await inspect(ada, 'ada/wine/whole')).from).toEqual({
      handle: 'ada/base@latest~1',
      commit: first,
    })
    await rm(ada, 'ada/base')
    await gc(ada, { patience: 0 })
    await exportPackage(ada, { handle: 'ada/wine', destination: 'out' })
    expect(disk.read('out/train.csv') + disk.read('out/whole/train.csv')).toBe('twoone')
    expect(disk.fs.statSync(`${disk.root}/out/whole/big.bin`).size).toBe(600_000)
    expect((await verify(ada, [])).problems).toEqual([])
  })

  test('contents itself may be a package; where parts came from never enters the top hash', async () => {
    const disk = makeDisk()
    const ada = await disk.session('ada')
    await base(disk, ada)
    const copy = await made(disk, ada, 'ada/copy', 'contents: { package: ada/base }')
    const origin = await inspect(ada, 'ada/base')
    expect(copy.topHash).toBe(origin.topHash)
    expect((await inspect(ada, 'ada/copy')).from).toMatchObject({ handle: 'ada/base' })
    const meta = await made(disk, ada, 'ada/meta', 'contents: { package: ada/base, meta: { a: 1 } }')
    expect(meta.topHash).not.toBe(origin.topHash)
    const again = await made(disk, ada, 'ada/copy', 'contents: { package: ada/meta, meta: { a: 1 } }')
    expect(again.topHash).toBe(meta.topHash)
    const inside = await made(disk, ada, 'ada/inside', 'contents: { m: { package: ada/meta } }')
    expect(await inspect(ada, 'ada/inside/m')).toMatchObject({ id: origin.topHash, meta: { a: 1 } })
    const node = await made(disk, ada, 'ada/inside/n', 'contents: { package: ada/meta }')
    expect(await inspect(ada, 'ada/inside/n')).toMatchObject({ id: origin.topHash, meta: { a: 1 } })
    expect((await sourcesOf(ada, node.commit)).map(({ path }) => path)).toEqual(['m', 'n'])
    expect(inside.files).toBe(3)
    expect(await problem(disk, ada, 'ada/x', 'contents: { package: ada/base/train.csv }')).toContain(
      'the whole of a package is a group',
    )
    const replaced = await build(ada, { handle: 'ada/inside/m', path: 'base/deep' })
    expect((await sourcesOf(ada, replaced.commit)).map(({ path }) => path)).toEqual(['n'])
  })

  test('H125: a package is not made of itself, whatever lies between; a version or a hash ends the circle', async () => {
    const disk = makeDisk()
    const ada = await disk.session('ada')
    await base(disk, ada)
    await made(disk, ada, 'ada/a', 'contents: { x: { package: ada/base } }')
    await made(disk, ada, 'ada/b', 'contents: { x: { package: ada/a } }')
    await made(disk, ada, 'ada/c', 'contents: { x: { package: ada/b/x@latest } }')
    expect(
      await problem(disk, ada, 'ada/a', 'contents:\n  x: { package: ada/c }\n  y: { package: ADA/a }'),
    ).toBe(
      [
        'src/build.yml has 2 problems',
        'src/build.yml:2:17: a package cannot be made of itself: ada/a is made of ada/c is made of ada/b/x@latest is made of ada/a; name a version or a hash, which stays as it is',
        'src/build.yml:3:17: a package cannot be made of itself: ada/a is made of ADA/a; name a version or a hash, which stays as it is',
      ].join('\n'),
    )
    await versionAdd(ada, { pkg: 'ada/a', version: '1.0', revision: 'latest' }, { local: true })
    await made(disk, ada, 'ada/a', 'contents: { before: { package: ada/a@1.0 } }')
    const hash = (await inspect(ada, 'ada/c')).topHash
    await made(disk, ada, 'ada/a', `contents: { before: { package: ada/c@${hash.slice(0, 12)} } }`)
  })

  test('what is not there, is ambiguous or would leave the package is told where it stands', async () => {
    const disk = makeDisk()
    const ada = await disk.session('ada')
    await base(disk, ada)
    const text = `contents:
  a: { package: ada/bass }
  b: { package: ada/base/trian.csv }
  c: { package: ada/base@9.9 }
  up: { package: ada/base/deep/up }
  deep: { package: ada/base/deep }`
    expect((await problem(disk, ada, 'ada/wine', text)).split('\n').slice(1)).toEqual([
      'src/build.yml:2:17: package ada/bass is not installed; build it with: quilt build ada/bass FOLDER, or install it with: quilt install ada/bass',
      'src/build.yml:3:17: no "trian.csv" in ada/base; did you mean train.csv?',
      'src/build.yml:4:17: no version "9.9" of ada/base; list them with: quilt version list ada/base',
      'src/build.yml:5:18: the link ada/base/deep/up cannot be kept here: it points outside the package',
    ])
    expect(await problem(disk, ada, 'ada/wine', 'contents: { package: ada/base/deep }')).toBe(
      'src/build.yml:1:22: the link "up" in ada/base/deep cannot be kept here: it points outside the package',
    )
  })

  test('parts come from a read-only store, or from the origin where only a part is here', async () => {
    const disk = makeDisk()
    const ada = await disk.session('ada')
    await base(disk, ada)
    await push(ada, 'ada/base', { remote: './shared' })
    const ben = await disk.session('ben', {
      env: { HOME: `${disk.root}/home`, QUILT_PACKAGE_DIRS: `${disk.root}/ada`, QUILT_AUTHOR_NAME: 'ben' },
    })
    const text = 'contents: { x: { package: ada/base }, y: { package: ada/base/big.bin@1.0 } }'
    disk.write({ 'src/build.yml': text })
    const dry = await build(ben, { handle: 'ben/mix', path: 'src/build.yml' }, { dryRun: true })
    const mixed = await made(disk, ben, 'ben/mix', text)
    expect(mixed.topHash).toBe(dry.topHash)
    expect((await verify(ben, ['ben/mix'])).problems).toEqual([])
    const eve = await disk.session('eve')
    await install(eve, 'ada/base', { remote: './shared', metaOnly: true })
    disk.write({ 'src/build.yml': 'contents: { x: { package: ada/base } }' })
    const tried = await build(eve, { handle: 'eve/mix', path: 'src' }, { dryRun: true })
    expect(tried.topHash).toBe((await check(eve, 'src')).topHash)
    const part = await made(disk, eve, 'eve/mix', 'contents: { x: { package: ada/base } }')
    expect((await verify(eve, [])).problems).toEqual([])
    await push(eve, 'eve/mix', { remote: './other' })
    const dan = await disk.session('dan')
    expect((await install(dan, 'eve/mix', { remote: './other' })).topHash).toBe(part.topHash)
    expect(part.topHash).toBe(tried.topHash)
    expect(await inspect(dan, 'eve/mix/x')).toMatchObject({ from: { handle: 'ada/base' } })
    const grown = await made(disk, eve, 'eve/mix/y', 'contents: { b: { package: ada/base/big.bin } }')
    await push(eve, 'eve/mix/y', { remote: './other' })
    const fay = await disk.session('fay')
    await install(fay, 'eve/mix', { remote: './other' })
    expect(await inspect(fay, 'eve/mix/y/b')).toMatchObject({ from: { handle: 'ada/base/big.bin' } })
    expect(await inspect(fay, 'eve/mix/x')).toMatchObject({ from: { handle: 'ada/base' } })
    expect((await inspect(fay, 'eve/mix')).topHash).toBe(grown.topHash)
  })
})
