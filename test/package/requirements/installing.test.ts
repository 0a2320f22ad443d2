// Installing what a quilt.yml asks for, pinned by quilt.lock.
import { describe, expect, test } from 'vitest'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { bucketRemote } from '../../../src/core/repo/remote.ts'
import { build } from '../../../src/package/build.ts'
import { install } from '../../../src/package/exchange/install.ts'
import { push } from '../../../src/package/exchange/push.ts'
import { inspect } from '../../../src/package/inspect.ts'
import { versionAdd } from '../../../src/package/names/naming.ts'
import { installRequired } from '../../../src/package/requirements/install-required.ts'
import { outdated } from '../../../src/package/requirements/outdated.ts'
import type { Session } from '../../../src/package/session.ts'
import { disks, type Disk } from '../../support/two-disks.ts'

/** A further revision of ada/wine on the remote, as a version. */
async function release(disk: Disk, ada: Session, version: string): Promise<string> {
  disk.write({ 'wine/a.txt': `${version}\n`, 'wine/sub/b.txt': 'b\n' })
  const { topHash } = await build(ada, { handle: 'ada/wine', path: 'wine' })
  await versionAdd(ada, { pkg: 'ada/wine', version, revision: 'latest' }, { local: true })
  await push(ada, 'ada/wine', { remote: './shared' })
  if (version !== '1.0') await versionAdd(ada, { pkg: 'ada/wine', version, revision: 'latest' })
  return topHash
}

describe.each(disks)('on %s', (_name, makeDisk) => {
  test('installs, locks, follows the lock, and moves on with --update', async () => {
    const disk = makeDisk()
    const ada = await disk.session('ada')
    const first = await release(disk, ada, '1.0')
    disk.write({ 'quilt.yml': 'remote: ./shared\npackages:\n  - { package: ada/wine, version: ">=1,<2" }\n' })
    const ben = await disk.session('ben')
    await expect(installRequired(ben, { frozen: true })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const done = await installRequired(ben)
    expect(done).toMatchObject({
      locked: true,
      packages: [{ package: 'ada/wine', topHash: first, latest: true }],
    })
    const text = disk.read('quilt.lock')
    expect(JSON.parse(text)).toMatchObject({
      lockVersion: 1,
      packages: [
        { asked: 'ada/wine@>=1,<2 from ./shared', topHash: first, version: '1.0', remote: './shared' },
      ],
    })
    expect(await outdated(ben)).toEqual([])

    const second = await release(disk, ada, '1.1')
    const third = await release(disk, ada, '2.0')
    expect(await installRequired(ben)).toMatchObject({ locked: false, packages: [{ topHash: first }] })
    // Another machine gets the same.
    const eve = await disk.session('eve')
    expect(await installRequired(eve, { frozen: true })).toMatchObject({ packages: [{ topHash: first }] })
    expect(disk.read('quilt.lock')).toBe(text)
    expect(await outdated(ben)).toMatchObject([
      {
        package: 'ada/wine',
        current: { version: '1.0', topHash: first },
        wanted: { version: '1.1', topHash: second },
        latest: { version: '2.0', topHash: third },
      },
    ])
    expect(await installRequired(ben, { update: true })).toMatchObject({
      locked: true,
      packages: [{ topHash: second, latest: true }],
    })
    expect(await outdated(ben)).toMatchObject([{ current: { version: '1.1' }, wanted: { version: '1.1' } }])
    expect(disk.paths('.').filter((path) => path.includes('.tmp'))).toEqual([])
  })

  test('--frozen refuses a lock of another file, and changes nothing', async () => {
    const disk = makeDisk()
    const ada = await disk.session('ada')
    await release(disk, ada, '1.0')
    disk.write({ 'quilt.yml': 'packages: ["ada/wine@1.0"]\nremote: ./shared\n' })
    const ben = await disk.session('ben')
    await installRequired(ben)
    const text = disk.read('quilt.lock')
    for (const changed of [
      'packages: [ada/wine]\nremote: ./shared\n',
      'packages: ["ada/wine@1.0"]\n',
      'packages: ["ada/wine/sub@1.0"]\nremote: ./shared\n',
      'packages: []\n',
    ]) {
      disk.write({ 'quilt.yml': changed })
      await expect(installRequired(ben, { frozen: true })).rejects.toMatchObject({
        code: 'CONFLICT',
        hint: 'bring it up to date with: quilt install',
      })
      expect(disk.read('quilt.lock')).toBe(text)
    }
    // What is asked for no more is locked no more.
    await installRequired(ben)
    expect(JSON.parse(disk.read('quilt.lock'))).toEqual({ lockVersion: 1, packages: [] })
  })

  test('a part, another name, another file; what goes wrong names its place', async () => {
    const disk = makeDisk()
    const ada = await disk.session('ada')
    await release(disk, ada, '1.0')
    disk.write({
      'team/data.yml':
        'remote: ../shared\npackages:\n  - ada/wine/sub\n  - { package: ada/wine, as: ben/wine, meta-only: true }\n',
    })
    const ben = await disk.session('ben')
    const done = await installRequired(ben, { file: 'team/data.yml' })
    expect(done.lockFile).toBe(`${disk.root}/team/data.lock`)
    expect((await inspect(ben, 'ada/wine/a.txt')).here).toBe(false)
    expect((await inspect(ben, 'ada/wine/sub/b.txt')).here).not.toBe(false)
    expect((await inspect(ben, 'ben/wine/a.txt')).here).toBe(false)
    disk.write({ 'quilt.yml': 'remote: ./shared\npackages:\n  - ada/wine\n  - ada/none\n' })
    await expect(installRequired(ben)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/^quilt\.yml:4:5: no package ada\/none at file:/) as string,
    })
    expect(disk.fs.existsSync(`${disk.root}/quilt.lock`)).toBe(false)
    disk.write({ 'quilt.yml': 'remote: ./shared\npackages: [{ package: ada/wine, version: ">3" }]\n' })
    await expect(installRequired(ben)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: 'the highest is 1.0: quilt version list ada/wine',
    })
    await expect(installRequired(ben, { file: 'none.yml' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a lock that was changed by hand is told of', async () => {
    const disk = makeDisk()
    const ada = await disk.session('ada')
    const first = await release(disk, ada, '1.0')
    disk.write({ 'quilt.yml': 'remote: ./shared\npackages: [ada/wine]\n' })
    const ben = await disk.session('ben')
    await installRequired(ben)
    disk.write({ 'quilt.lock': disk.read('quilt.lock').replace(first, 'f'.repeat(64)) })
    await expect(installRequired(await disk.session('eve'))).rejects.toMatchObject({ code: 'CORRUPT' })
  })
})

test('a pinned hash that is here makes no request at all', async () => {
  const [, makeDisk] = disks[1] as (typeof disks)[number]
  const disk = makeDisk()
  const inner = memoryBackend()
  let requests = 0
  const counting = new Proxy(inner, {
    get: (target, name: keyof Backend) => {
      const value = target[name]
      if (typeof value !== 'function') return value
      return (...args: readonly unknown[]) => {
        requests++
        return (value as (...given: unknown[]) => unknown).apply(target, [...args])
      }
    },
  })
  const onMemory = (session: Session): Session =>
    Object.create(session, {
      remote: {
        value: () => {
          const address = 'memory://shelf'
          return Promise.resolve({ address, remote: bucketRemote(counting, session.ambient, address) })
        },
      },
    }) as Session
  disk.write({ 'wine/a.txt': 'a\n', 'wine/sub/b.txt': 'b\n' })
  const ada = onMemory(await disk.session('ada'))
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  await build(ada, { handle: 'ada/tea', path: 'wine' })
  await push(ada, 'ada/wine', { remote: 'shelf' })
  await push(ada, 'ada/tea', { remote: 'shelf' })
  disk.write({ 'quilt.yml': 'remote: shelf\npackages: [ada/wine, ada/tea/sub]\n' })
  const ben = onMemory(await disk.session('ben'))
  requests = 0
  await installRequired(ben)
  expect(requests).toBeGreaterThan(5)
  requests = 0
  for (const options of [{}, { frozen: true }]) {
    const { packages } = await installRequired(onMemory(await disk.session('ben')), options)
    expect(packages).toMatchObject([{ fetchedObjects: 0 }, { fetchedObjects: 0, path: 'sub' }])
  }
  const { commit } = await install(ben, 'ada/wine')
  requests = 0
  await install(ben, `ada/wine@${commit}`)
  expect(requests).toBe(0)
})
