// Several processes on one folder.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
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
    const child = spawn(process.execPath, [script, root, name], { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    return { name, child, next: async () => (await lines.next()).value as string }
  })
  for (const { next } of children) expect(await next()).toBe('ready')
  const backend = fileStore(root)
  const winners = new Set<string>()
  for (let i = 0; i < count; i++) {
    // All at once, each first in its turn.
    for (let k = 0; k < children.length; k++) {
      children[(i + k) % children.length]?.child.stdin.write(`${i}\n`)
    }
    const answers = await Promise.all(
      children.map(async ({ name, next }) => ({ name, answer: await next() })),
    )
    const won = answers.filter(({ answer }) => answer === 'won').map(({ name }) => name)
    expect(won.length, `g${i}`).toBe(1)
    winners.add(won[0] as string)
    const bytes = await backend.get(`refs/race/g${i}`)
    expect(Buffer.from(bytes).toString()).toBe(`${won[0]} `.repeat(1000 + i))
  }
  for (const { child } of children) child.stdin.end()
  await Promise.all(children.map(({ child }) => once(child, 'exit')))
  expect(winners.size).toBeGreaterThan(1)
  expect(readdirSync(`${root}/tmp`)).toEqual([])
})
