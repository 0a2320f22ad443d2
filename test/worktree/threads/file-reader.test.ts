// Small files read ahead, with a thread and without: their own bytes, ids and status, and a word for what is not
// to be read so. A snapshot is the same with it as without.
import * as nodeFs from 'node:fs'
import { lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { chunkThreshold } from '../../../src/core/chunk/fastcdc.ts'
import { statusOfRow } from '../../../src/worktree/stat-stamp.ts'
import { fileReader, type FileReader } from '../../../src/worktree/threads/file-reader.ts'
import { rowEnd, rowLength } from '../../../src/worktree/threads/serve-files.ts'
import { hashBytes } from '#hash'
import { noise } from '../../support/store-bench.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { later, memoryStatCache, watchedFs, worktreeBench } from '../../support/worktree-bench.ts'

/** Sizes around what a job's memory and the threshold bound. */
const sizes = [0, 1, 4096, 100_000, chunkThreshold - 1, chunkThreshold, chunkThreshold + 1, 2_000_000]

function manyFiles(count: number): { folder: string; names: string[] } {
  const folder = tempDir()
  const names = Array.from({ length: count }, (_, i) => `f${String(i).padStart(5, '0')}`)
  for (const [i, name] of names.entries()) {
    writeFileSync(`${folder}/${name}`, noise(sizes[i % sizes.length] as number, i + 1))
  }
  return { folder, names }
}

interface Read {
  readonly id: string
  readonly bytes: Uint8Array
  readonly row: number
  readonly rows: Float64Array
}

async function readAll(reader: FileReader, folder: string, names: readonly string[]): Promise<Read[]> {
  const all: Read[] = []
  const reading = reader.begin(folder, names)
  for (let some = await reading.next(); some !== undefined; some = await reading.next()) {
    for (let i = 0, start = 0; i < some.ids.length; i++) {
      const end = some.rows[i * rowLength + rowEnd] as number
      const bytes = some.memory.slice(start, end)
      all.push({ id: some.ids[i] as string, bytes, row: i, rows: some.rows })
      start = end
    }
  }
  return all
}

describe.each([
  ['in a thread', true],
  ['without one', false],
])('%s', (_, threads) => {
  const open = (): FileReader => fileReader(nodeFs, later, { threads }) as FileReader

  test('gives the bytes, id and status of every file up to the threshold, in their order', async () => {
    const { folder, names } = manyFiles(60)
    const reader = open()
    try {
      for (let round = 0; round < 2; round++) {
        const read = await readAll(reader, folder, names)
        expect(read.length).toBe(names.length)
        for (const [i, name] of names.entries()) {
          const bytes = readFileSync(`${folder}/${name}`)
          const one = read[i] as Read
          if (bytes.length > chunkThreshold) {
            expect([one.id, one.bytes.length]).toEqual(['', 0])
            continue
          }
          expect(Buffer.compare(one.bytes, bytes)).toBe(0)
          expect(one.id).toBe(hashBytes(bytes))
          const { size, mtimeMs, ctimeMs, ino, mode } = lstatSync(`${folder}/${name}`)
          expect(statusOfRow(one.rows, one.row)).toMatchObject({ size, mtimeMs, ctimeMs, ino, mode })
        }
      }
    } finally {
      await reader.close()
    }
  })

  test('leaves to others what is gone, a link, a folder', async () => {
    const { folder, names } = manyFiles(4)
    rmSync(`${folder}/f00000`)
    rmSync(`${folder}/f00001`)
    symlinkSync('f00003', `${folder}/f00001`)
    rmSync(`${folder}/f00002`)
    mkdirSync(`${folder}/f00002`)
    const reader = open()
    try {
      const read = await readAll(reader, folder, names)
      expect(read.map(({ id }) => id !== '')).toEqual([false, false, false, true])
    } finally {
      await reader.close()
    }
  })
})

test('a thread that is ended while it reads ends the reading, typed', async () => {
  const { folder, names } = manyFiles(40)
  const reader = fileReader(nodeFs, later, { threads: true }) as FileReader
  await readAll(reader, folder, names) // starts it
  const reading = reader.begin(folder, names)
  await reader.close()
  await expect(
    (async () => {
      while ((await reading.next()) !== undefined);
    })(),
  ).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test('is not there for a file system that threads cannot share', () => {
  expect(
    fileReader(
      watchedFs(nodeFs, () => undefined),
      later,
    ),
  ).toBeUndefined()
})

describe('a snapshot of thousands of files', () => {
  const folderOf = (): string => {
    const root = tempDir()
    for (let d = 0; d < 40; d++) {
      const folder = `${root}/d${String(d % 7)}/e${String(d)}`
      mkdirSync(`${folder}/empty`, { recursive: true })
      for (let f = 0; f < 60; f++)
        writeFileSync(`${folder}/f${String(f)}`, noise((f * 37) % 5000, d * 60 + f))
      writeFileSync(`${folder}/.quiltignore`, `f${String(d)}\n`)
      writeFileSync(`${folder}/large`, noise(300_000, d))
      writeFileSync(`${folder}/tool`, 'x', { mode: 0o755 })
      symlinkSync('f1', `${folder}/link`)
    }
    return root
  }

  test('is the same read ahead as read one by one, and again from the cache', async () => {
    const root = folderOf()
    const [bench, cache] = [await worktreeBench(), memoryStatCache()]
    const byOne = await bench.take(
      watchedFs(nodeFs, () => undefined),
      root,
    )
    const ahead = await bench.take(nodeFs, root, { cache })
    expect(ahead).toEqual(byOne)
    const opened: unknown[] = []
    const again = await bench.take(
      watchedFs(nodeFs, (call, args) => {
        if (call === 'openSync' && !String(args[0]).endsWith('.quiltignore')) opened.push(args[0])
      }),
      root,
      { cache },
    )
    expect(again).toEqual(byOne)
    expect(opened).toEqual([])
    writeFileSync(`${root}/d3/e3/f9`, 'changed')
    const changed = await bench.take(nodeFs, root, { cache })
    expect(changed.tree).not.toBe(byOne.tree)
    expect(changed).toEqual(
      await bench.take(
        watchedFs(nodeFs, () => undefined),
        root,
      ),
    )
  })
})
