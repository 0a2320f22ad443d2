// ls in code, where one package's refs are damaged.
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { build, ls, type QuiltError } from '../../src/index.ts'
import { tempDir } from '../support/temp-dir.ts'

test('who asks to be told of damage is given the packages that are whole', async () => {
  const root = tempDir()
  const options = { store: join(root, 'store'), env: { HOME: root } }
  for (const name of ['ada/one', 'ada/two']) await build(name, undefined, options)
  const refs = join(root, 'store', 'refs', '_', 'ada', 'one')
  for (const name of readdirSync(refs, { recursive: true, encoding: 'utf8' })) {
    const file = join(refs, name)
    if (statSync(file).isFile()) writeFileSync(file, 'no refs at all')
  }
  await expect(ls(options)).rejects.toMatchObject({ code: 'CORRUPT' })
  const told: QuiltError[] = []
  const found = await ls({ ...options, onDamage: (error) => told.push(error) })
  expect(found.map((one) => one.package)).toEqual(['ada/two'])
  expect(told).toMatchObject([{ code: 'CORRUPT', message: expect.stringContaining('ada/one') as string }])
})
