// Small packs are joined after builds, unless the configuration says otherwise.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { build } from '../../src/package/build.ts'
import { install } from '../../src/package/exchange/install.ts'
import { push } from '../../src/package/exchange/push.ts'
import { gc } from '../../src/package/gc.ts'
import { tagAdd, tagRemove } from '../../src/package/names/naming.ts'
import { rm } from '../../src/package/remove.ts'
import { notedGarbage } from '../../src/package/upkeep/garbage.ts'
import { verify } from '../../src/package/verify.ts'
import { configSet } from '../../src/session/configuration.ts'
import { openSession } from '../../src/session/open-session.ts'
import { tempDir } from '../support/temp-dir.ts'

const packsIn = (folder: string): number => readdirSync(join(folder, 'packs')).length

async function builds(env: Readonly<Record<string, string>>): Promise<{ store: string; shared: string }> {
  const folder = tempDir()
  const [store, shared] = [join(folder, 'store'), join(folder, 'shared')]
  const session = await openSession({ store, folder, env: { HOME: folder, ...env } })
  for (let n = 0; n < 25; n++) {
    await build(session, { handle: `ada/p${String(n)}` }, { message: String(n) })
    await push(session, `ada/p${String(n)}`, { remote: './shared' })
  }
  expect((await verify(session, [])).problems).toEqual([])
  await session.close()
  return { store, shared }
}

test('builds and pushes leave few packs', async () => {
  const { store, shared } = await builds({})
  expect(packsIn(store)).toBeLessThan(16)
  expect(packsIn(shared)).toBeLessThan(16)
})

test('gc.auto false leaves all of them', async () => {
  const { store, shared } = await builds({ QUILT_GC_AUTO: 'false' })
  expect(packsIn(store)).toBeGreaterThanOrEqual(25)
  expect(packsIn(shared)).toBeGreaterThanOrEqual(25)
})

/** Two packages of 3 MB are removed again, and many small builds come after. */
async function removals(env: Readonly<Record<string, string>>): Promise<{ bytes: number; store: string }> {
  const folder = tempDir()
  const store = join(folder, 'store')
  const session = await openSession({ store, folder, env: { HOME: folder, ...env } })
  mkdirSync(join(folder, 'big'))
  for (const name of ['ada/one', 'ada/two']) {
    writeFileSync(join(folder, 'big', 'noise.bin'), randomBytes(3_000_000))
    await build(session, { handle: name, path: 'big' })
  }
  for (const name of ['ada/one', 'ada/two']) await rm(session, name)
  for (let n = 0; n < 4; n++) await build(session, { handle: `ada/p${String(n)}` }, { message: String(n) })
  expect((await verify(session, [])).problems).toEqual([])
  await session.close()
  return { bytes: sizeOf(join(store, 'packs')), store }
}

const sizeOf = (folder: string): number =>
  readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)

test('what rm left is collected by a build, when it is a quarter of the store', async () => {
  const { bytes, store } = await removals({})
  expect(bytes).toBeLessThan(100_000)
  expect(readdirSync(join(store, 'condemned'))).toEqual([])
})

test('gc.auto false leaves it to gc', async () => {
  expect((await removals({ QUILT_GC_AUTO: 'false' })).bytes).toBeGreaterThan(5_900_000)
})

test('a tag that is moved from what is reached otherwise is no garbage; an install over builds makes some', async () => {
  const folder = tempDir()
  const session = await openSession({ store: join(folder, 'store'), folder, env: { HOME: folder } })
  const noted = (): number => notedGarbage(session.fs, join(folder, 'store'))
  mkdirSync(join(folder, 'src'))
  const version = async (size: number): Promise<void> => {
    writeFileSync(join(folder, 'src', 'noise.bin'), randomBytes(size))
    await build(session, { handle: 'ada/wine', path: 'src' })
  }
  await version(1000)
  await tagAdd(session, { pkg: 'ada/wine', tag: 'good', revision: 'latest' }, { local: true })
  await push(session, 'ada/wine', { remote: './shared' })
  await version(2000)
  await tagAdd(session, { pkg: 'ada/wine', tag: 'good', revision: 'latest' }, { local: true })
  await tagRemove(session, { pkg: 'ada/wine', tag: 'good' }, { local: true })
  expect(noted()).toBe(0)
  await install(session, 'ada/wine', { force: true })
  expect(noted()).toBe(2000)
  await gc(session)
  expect(noted()).toBe(0)
  await session.close()
})

test('gc.auto is true or false', async () => {
  const folder = tempDir()
  await expect(openSession({ folder, env: { HOME: folder, QUILT_GC_AUTO: 'often' } })).rejects.toThrow(
    'gc.auto must be true or false, not "often"',
  )
  const session = await openSession({ folder, env: { HOME: folder } })
  await expect(configSet(session, 'gc.auto', 'often')).rejects.toThrow('gc.auto must be true or false')
  expect(await configSet(session, 'gc.auto', 'false')).toMatchObject({ value: 'false' })
  expect((await openSession({ folder, env: { HOME: folder } })).configuration.get('gc.auto')?.value).toBe(
    'false',
  )
})
