// Small packs are joined after builds, unless the configuration says otherwise.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { build } from '../../src/package/build.ts'
import { push } from '../../src/package/exchange/push.ts'
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
