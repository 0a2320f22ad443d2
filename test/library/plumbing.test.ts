// The library beside the commands: each has its function, and the plumbing builds what the porcelain builds.
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import * as quilt from '../../src/index.ts'
import { formatTreeLine } from '../../src/package/raw/trees.ts'
import { tempDir } from '../support/temp-dir.ts'

const commandsFolder = fileURLToPath(new URL('../../src/commands', import.meta.url))

/** `raw/hash-object.ts` as `rawHashObject`. */
function functionName(file: string): string {
  return file.replace(/\.ts$/, '').replace(/[/\\-](.)/g, (_all, letter: string) => letter.toUpperCase())
}

test('every command is a function of its name', () => {
  const files = readdirSync(commandsFolder, { recursive: true, encoding: 'utf8' })
  const names = files
    .filter(
      (file) => file.endsWith('.ts') && !['completion.ts', 'completion-server.ts', 'help.ts'].includes(file),
    )
    .map(functionName)
  expect(names.length).toBeGreaterThan(30)
  expect(names.filter((name) => typeof (quilt as Record<string, unknown>)[name] !== 'function')).toEqual([])
})

test('a package is built by hand, read back, and is the one that a build makes', async () => {
  const folder = tempDir()
  const options = { folder, store: join(folder, 'store'), env: { HOME: folder, QUILT_AUTHOR_NAME: 'Ada' } }
  const session = await quilt.openSession(options)
  try {
    const text = new TextEncoder().encode('hello\n')
    const large = new Uint8Array(1_000_000).map((_, i) => (i * i * 31) % 251)
    expect(await quilt.rawHashObject(text, { session })).toMatchObject({ size: 6 })
    await expect(quilt.rawWriteTree(['file 00 6\tx'], { session })).rejects.toMatchObject({ code: 'INVALID' })
    const small = await quilt.rawHashObject(text, { session, write: true })
    const big = await quilt.rawHashObject(large, { session, write: true })
    const tree = await quilt.rawWriteTree(
      [
        formatTreeLine({ path: 'hello.txt', entry: { type: 'file', name: 'hello.txt', ...small } }),
        formatTreeLine({
          path: 'big.bin',
          entry: { type: 'file', name: 'big.bin', id: big.id, size: big.size },
        }),
      ],
      { session },
    )
    const commit = await quilt.rawCommitTree({ tree, message: 'by hand' }, { session })
    await quilt.rawUpdateRef({ pkg: 'ada/made', ref: 'latest', to: commit, from: '-' }, { session })
    expect(await quilt.rawRevParse('ada/made@latest', { session })).toBe(commit)
    expect(await quilt.rawListRefs('ada/made', { session })).toEqual([
      { package: 'ada/made', ref: 'latest', commit },
    ])
    expect((await quilt.rawLsTree('ada/made@latest', { session })).map(({ name }) => name)).toEqual([
      'big.bin',
      'hello.txt',
    ])
    const parts: Uint8Array[] = []
    for await (const part of quilt.rawCatObject(big.id, { session })) parts.push(part)
    expect(Buffer.concat(parts).equals(large)).toBe(true)
    const chunks = await quilt.rawChunks(big.id, { session })
    expect(chunks.reduce((sum, { size }) => sum + size, 0)).toBe(large.length)
    const [pack] = await quilt.rawListPacks({ session })
    expect((await quilt.rawShowPack(pack?.pack ?? '', { session })).length).toBe(pack?.objects)
    await quilt.rawRepack({ session })
    expect((await quilt.verify([], { session })).problems).toEqual([])

    writeFileSync(join(folder, 'hello.txt'), text)
    await quilt.build('ada/built', undefined, { session })
    await quilt.build('ada/built/hello.txt', 'hello.txt', { session })
    writeFileSync(join(folder, 'big.bin'), large)
    expect(await quilt.build('ada/built/big.bin', 'big.bin', { session })).toMatchObject({ topHash: tree })
  } finally {
    await session.close()
  }
  // Without a session each call opens the store anew.
  const [first] = await quilt.rawLsTree('ada/made', options)
  const read: Uint8Array[] = []
  for await (const part of quilt.rawCatObject(first && 'id' in first ? first.id : '', options))
    read.push(part)
  expect(Buffer.concat(read).length).toBe(1_000_000)
})
