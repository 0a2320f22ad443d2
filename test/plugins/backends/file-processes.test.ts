// Several processes on one folder.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { fileStore } from '../../support/file-store.ts'
import { tempDir } from '../../support/temp-dir.ts'

const childSource = fileURLToPath(new URL('../../support/put-absent-child.ts', import.meta.url))

test('lets one of several processes win each key, with its own bytes', async () => {
  const root = tempDir()
  const script = `${tempDir()}/child.mjs`
  await build({ entryPoints: [childSource], outfile: script, bundle: true, platform: 'node', format: 'esm' })
  const count = 60
  const children = ['p0', 'p1', 'p2', 'p3'].map((name) => {
    const child = spawn(process.execPath, [script, root, name, String(count)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    return { name, child, output: text(child.stdout), ready: once(child.stdout, 'data') }
  })
  await Promise.all(children.map(({ ready }) => ready))
  for (const { child } of children) child.stdin.write('go\n')
  const winners = new Map<number, string[]>()
  for (const { name, output } of children) {
    const won = JSON.parse((await output).split('\n').at(-2) ?? '') as number[]
    for (const i of won) winners.set(i, [...(winners.get(i) ?? []), name])
  }

  const backend = fileStore(root)
  for (let i = 0; i < count; i++) {
    expect(winners.get(i)?.length, `g${i}`).toBe(1)
    const bytes = await backend.get(`refs/race/g${i}`)
    expect(Buffer.from(bytes).toString()).toBe(`${winners.get(i)?.[0]} `.repeat(1000 + i))
  }
  expect(new Set([...winners.values()].flat()).size).toBeGreaterThan(1)
  expect(readdirSync(`${root}/tmp`)).toEqual([])
})
