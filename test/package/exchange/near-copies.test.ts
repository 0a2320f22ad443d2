// What was read of a remote is not read again by the next command: counted on a folder that stands for a bucket.
import nodeFs from 'node:fs'
import { expect, test } from 'vitest'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { bucketRemote } from '../../../src/core/repo/remote.ts'
import { build } from '../../../src/package/build.ts'
import { diff } from '../../../src/package/diff.ts'
import { install } from '../../../src/package/exchange/install.ts'
import { push } from '../../../src/package/exchange/push.ts'
import { ls } from '../../../src/package/list.ts'
import { openWhole } from '../../../src/package/remote/open-whole.ts'
import { search } from '../../../src/package/search/search.ts'
import type { Session } from '../../../src/package/session.ts'
import { folderBackend } from '../../../src/plugins/builtin.ts'
import { countingBackend, type CountingBackend } from '../../../src/testing/counting-backend.ts'
import { disks, noise, type Disk } from '../../support/two-disks.ts'

const [, makeDisk] = disks[0] as (typeof disks)[number]
const remote = 'shared'

/** One command in a process of its own, on a remote of which copies lie in `near`; what it asked there. */
async function asked(
  disk: Disk,
  session: Session,
  command: (session: Session) => Promise<unknown>,
  wrap: (inner: Backend) => Backend = (inner) => inner,
): Promise<CountingBackend> {
  const { ambient } = session
  const randomName = (): string => ambient.randomName()
  const counting = countingBackend(wrap(await folderBackend(`${disk.root}/shared`, { randomName })))
  const near = await folderBackend(`${disk.root}/near`, { randomName, durable: false, near: true })
  const opened = bucketRemote(counting.backend, ambient, 'file:///shared', { near })
  const value = async (): Promise<unknown> => ({ address: 'file:///shared', remote: opened })
  await command(Object.create(session, { remote: { value } }) as Session)
  await opened.close()
  return counting
}

/** Gets of what lies under a prefix. */
const gets = ({ requests }: CountingBackend, prefix: string): number =>
  requests.filter(({ method, key }) => method === 'get' && key.startsWith(prefix)).length

const path = (file: number): string => `wine/${String(file % 40)}/${String(file)}.txt`

async function prepared(
  files = 20,
): Promise<{ readonly disk: Disk; readonly ada: Session; readonly ben: Session }> {
  const disk = makeDisk()
  const small = Array.from({ length: files }, (_, i): [string, string] => [path(i), `${String(i)}\n`])
  disk.write({
    'wine/README.md': 'about reds',
    'wine/big/b.bin': noise(300_000),
    ...Object.fromEntries(small),
  })
  const [ada, ben] = [await disk.session('ada'), await disk.session('ben')]
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  await push(ada, 'ada/wine', { remote: './shared' })
  return { disk, ada, ben }
}

const found = async (session: Session): Promise<unknown> => {
  const packages = await search(session, ['reds'], { remote })
  expect(packages).toHaveLength(1)
  return packages
}
const listed = async (session: Session): Promise<unknown> => {
  for await (const one of ls(session, { remote })) return one
  throw new Error('nothing is listed')
}

test('a second search, ls, diff, part install and push read no index and no tree again', async () => {
  // More objects than an index has that is read whole.
  const { disk, ada, ben } = await prepared(4000)
  const first = await asked(disk, ben, found)
  expect([gets(first, 'index/') > 0, gets(first, 'packs/') > 0]).toEqual([true, true])
  const again = await asked(disk, ben, found)
  expect([gets(again, 'index/'), gets(again, 'packs/')]).toEqual([0, 0])
  expect(gets(again, 'refs/')).toBe(1)
  await asked(disk, ben, listed)
  expect(gets(await asked(disk, ben, listed), 'index/')).toBe(0)

  const part = await asked(disk, ben, (session) => install(session, 'ada/wine/7', { remote }))
  expect(gets(part, 'index/') + gets(part, 'packs/')).toBeGreaterThan(0)
  nodeFs.rmSync(`${disk.root}/ben`, { recursive: true })
  const cleo = await disk.session('cleo')
  const same = await asked(disk, cleo, (session) => install(session, 'ada/wine/7', { remote }))
  expect([gets(same, 'index/'), gets(same, 'packs/')]).toEqual([0, 0])

  disk.write({ [path(1)]: 'new\n' })
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  const compared = (session: Session): Promise<unknown> => diff(session, { a: 'ada/wine', remote })
  await asked(disk, ada, compared)
  const secondDiff = await asked(disk, ada, compared)
  expect([gets(secondDiff, 'index/'), gets(secondDiff, 'packs/')]).toEqual([0, 0])

  // So many new objects that a push asks which of them are there already.
  nodeFs.rmSync(`${disk.root}/near`, { recursive: true })
  for (const round of [1, 2]) {
    for (let i = 0; i < 50; i++) disk.write({ [path(i)]: `round ${String(round)}, ${String(i)}\n` })
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    const pushed = await asked(disk, ada, (session) => push(session, 'ada/wine', { remote }))
    if (round === 1) expect(gets(pushed, 'index/')).toBeGreaterThan(0)
    else expect(gets(pushed, 'index/')).toBe(0)
  }
})

test('what looks after a remote reads no copies', async () => {
  const { disk, ben } = await prepared()
  await asked(disk, ben, found)
  const looked = await asked(disk, ben, async (session) => {
    const { repository } = await openWhole(session, remote)
    await repository.objects.packs.indexes()
  })
  expect(gets(looked, 'index/')).toBeGreaterThan(0)
})

test('copies that are damaged, gone or in a folder that is none count for nothing', async () => {
  const { disk, ben } = await prepared()
  await asked(disk, ben, found)
  const near = `${disk.root}/near`
  const files = (nodeFs.readdirSync(near, { recursive: true, withFileTypes: true }) as nodeFs.Dirent[])
    .filter((file) => file.isFile())
    .map((file) => `${file.parentPath}/${file.name}`)
  expect(files.length).toBeGreaterThan(2)
  for (const file of files) {
    const bytes = nodeFs.readFileSync(file)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
    nodeFs.writeFileSync(file, bytes)
  }
  expect(gets(await asked(disk, ben, found), 'index/')).toBeGreaterThan(0)
  expect(gets(await asked(disk, ben, found), 'index/')).toBe(0)
  nodeFs.rmSync(near, { recursive: true })
  nodeFs.writeFileSync(near, 'in the way')
  expect(gets(await asked(disk, ben, found), 'index/')).toBeGreaterThan(0)
})

test.each(['index/', 'packs/'])('what came damaged of %s is asked for anew, once', async (prefix) => {
  const { disk, ben } = await prepared()
  let left = 1
  const first = await asked(disk, ben, found, (inner) => ({
    ...inner,
    get: async (key, ...args) => {
      const bytes = await inner.get(key, ...args)
      if (key.startsWith(prefix) && left-- > 0) bytes.fill(0)
      return bytes
    },
  }))
  expect(left).toBeLessThan(1)
  const second = await asked(disk, ben, found)
  const third = await asked(disk, ben, found)
  for (const { requests } of [first, second, third])
    expect(requests.filter(({ method }) => method === 'put')).toEqual([])
  expect([gets(third, 'index/'), gets(third, 'packs/')]).toEqual([0, 0])
})
