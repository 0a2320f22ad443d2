import * as fs from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchFolder } from '../../src/session/scratch-folder.ts'
import { fakeAmbient } from '../support/ambient.ts'
import { tempDir } from '../support/temp-dir.ts'

const day = 24 * 60 * 60

test('is made when it is first needed, and removed at the end', async () => {
  const parent = join(tempDir(), 'cache', 'scratch')
  const scratch = scratchFolder(fs, () => parent, fakeAmbient())
  expect(fs.existsSync(parent)).toBe(false)
  scratch.close()
  const [one, other] = [scratch.newKey(), scratch.newKey()]
  expect(one).not.toBe(other)
  const backend = await scratch.open()
  expect(await scratch.open()).toBe(backend)
  await backend.put(one, new Uint8Array([1, 2, 3]))
  expect(await backend.get(one, { start: 1, end: 3 })).toEqual(new Uint8Array([2, 3]))
  scratch.close()
  expect(fs.readdirSync(parent)).toEqual([])
})

test('removes what a killed process left a day ago, and nothing younger', async () => {
  const parent = tempDir()
  const leave = async (seed: number): Promise<string> => {
    const left = scratchFolder(fs, () => parent, fakeAmbient(seed))
    await (await left.open()).put('runs/1', new Uint8Array(10))
    return join(
      parent,
      fs.readdirSync(parent).find((name) => name.startsWith(seed.toString(16).padStart(8, '0'))) ?? '',
    )
  }
  const [old, young] = [await leave(1), await leave(2)]
  const then = Date.now() / 1000 - 2 * day
  fs.utimesSync(join(old, 'runs'), then, then)
  fs.utimesSync(old, then, then)
  const scratch = scratchFolder(fs, () => parent, fakeAmbient(3))
  await scratch.open()
  expect(fs.existsSync(old)).toBe(false)
  expect(fs.existsSync(young)).toBe(true)
  scratch.close()
  expect(fs.existsSync(young)).toBe(true)
})
