import { expect, test } from 'vitest'
import { build } from '../../src/package/build.ts'
import { install } from '../../src/package/exchange/install.ts'
import { push } from '../../src/package/exchange/push.ts'
import { fakeAmbient } from '../support/ambient.ts'
import { disks, noise } from '../support/two-disks.ts'

test('a session keeps to its rate, on the way there and back', async () => {
  const [, makeDisk] = disks[0] as (typeof disks)[0]
  const disk = makeDisk()
  disk.write({ 'wine/a.bin': noise(200_000) })
  const slow = async (name: string, seed: number) => {
    const ambient = fakeAmbient(seed)
    return { ambient, session: await disk.session(name, { ambient, limitRate: 50_000 }) }
  }
  const ada = await slow('ada', 1)
  await build(ada.session, { handle: 'ada/wine', path: 'wine' })
  expect(ada.ambient.slept).toBe(0)
  await push(ada.session, 'ada/wine', { remote: './shared' })
  expect(ada.ambient.slept).toBeGreaterThan(3500)
  expect(ada.ambient.slept).toBeLessThan(6000)
  const ben = await slow('ben', 2)
  await install(ben.session, 'ada/wine', { remote: './shared' })
  expect(ben.ambient.slept).toBeLessThan(6000)
})
