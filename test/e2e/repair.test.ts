// verify --repair as people type it: damage on a real disk, found and mended by the built program.
import { readFileSync, readdirSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { person } from '../support/built-cli.ts'
import { noise } from '../support/store-bench.ts'
import { tempDir } from '../support/temp-dir.ts'

vi.setConfig({ testTimeout: 120_000 })

function flip(path: string, where = 0.5): void {
  const bytes = readFileSync(path)
  const at = Math.floor(bytes.length * where)
  bytes[at] = (bytes[at] as number) ^ 1
  rmSync(path)
  writeFileSync(path, bytes)
}

function shared(): { root: string; ada: ReturnType<typeof person>; store: string } {
  const root = tempDir()
  const ada = person(join(root, 'ada'), root)
  mkdirSync(join(root, 'wine'))
  writeFileSync(join(root, 'wine', 'big.bin'), noise(300_000, 7))
  for (const name of ['ada/wine', 'ada/beer']) {
    ada.json('build', name, 'wine', '--store', 'store')
    ada.json('push', name, '--remote', './shared', '--store', 'store')
  }
  return { root, ada, store: join(root, 'store') }
}

test('a flipped bit in each pack and in the newest generation: found, mended, and said', () => {
  const { root, ada, store } = shared()
  const refs = join(store, 'refs/_/ada/wine')
  const packs = readdirSync(join(store, 'packs')).map((name) => join(store, 'packs', name))
  for (const path of [...packs, join(refs, readdirSync(refs).sort().at(-1) as string)]) {
    flip(path)
    const found = ada.run('verify', '--store', 'store')
    expect([found.status, found.stdout]).toEqual([4, expect.stringMatching(/\d+ problems? in /)])
    const mended = ada.run('verify', '--repair', '--remote', './shared', '--store', 'store')
    expect([mended.status, mended.stderr]).toEqual([0, ''])
    expect(mended.stdout).toMatch(/^repaired: [^]*\nall is well: /)
    expect(ada.run('verify', '--store', 'store').status).toBe(0)
  }
  expect(ada.run('export', 'ada/wine', 'out', '--store', 'store').status).toBe(0)
  expect(readFileSync(join(root, 'out/big.bin'))).toEqual(readFileSync(join(root, 'wine/big.bin')))
})

test('refs of which nothing is left: ls shows the others, and each hint that is given works', () => {
  const { ada, store } = shared()
  const refs = join(store, 'refs/_/ada/wine')
  const lose = (): void => {
    for (const name of readdirSync(refs)) writeFileSync(join(refs, name), '')
  }
  lose()
  const listed = ada.run('ls', '--store', 'store')
  expect([listed.status, listed.stdout, listed.stderr]).toEqual([
    4,
    expect.stringContaining('ada/beer'),
    expect.stringMatching(/^error: .*ada\/wine's refs.*\nhint: mend it with: quilt verify --repair\n$/),
  ])
  expect(ada.run('gc', '--store', 'store').status).toBe(4)
  const kept = ada.run('verify', '--repair', '--store', 'store')
  expect([kept.status, kept.stdout]).toEqual([
    4,
    expect.stringMatching(/hint: .*quilt install ada\/wine --force --remote ADDRESS.*quilt rm ada\/wine/),
  ])
  const again = ada.run('install', 'ada/wine', '--force', '--remote', './shared', '--store', 'store')
  expect([again.status, again.stderr]).toEqual([0, expect.stringContaining('ada/wine has lost')])
  expect(ada.run('verify', '--store', 'store').status).toBe(0)
  lose()
  expect(ada.run('rm', 'ada/wine', '--yes', '--store', 'store').status).toBe(0)
  expect(ada.run('verify', '--store', 'store').status).toBe(0)
  expect(ada.run('gc', '--store', 'store').status).toBe(0)
  expect(ada.run('build', 'ada/wine', 'wine', '--store', 'store').status).toBe(0)
})
