import { describe, expect, test } from 'vitest'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { readOnly } from '../../../src/core/backend/read-only.ts'
import { createRepository, openOrMake, openRepository } from '../../../src/core/repo/open-repository.ts'
import { formatKey } from '../../../src/core/store/layout.ts'
import { fakeAmbient } from '../../support/ambient.ts'
import { keysOf } from '../../support/ref-bench.ts'
import { buildPackage, readPackage, sameFiles, text } from '../../support/store-bench.ts'

const create = (backend: Backend) => createRepository(backend, fakeAmbient())
const open = (backend: Backend) => openRepository(backend, fakeAmbient(2))

describe('a repository', () => {
  test('is not there before it is made, and is made once', async () => {
    const backend = memoryBackend()
    await expect(open(backend)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await Promise.all([create(backend), create(backend), create(backend)])
    expect(await keysOf(backend, '')).toEqual([formatKey])
    expect(Buffer.from(await backend.get(formatKey)).toString()).toBe('quilt repository\nformat 1\n')
    await expect(open(backend)).resolves.toBeDefined()
  })

  test('that can only be read is read, and not made', async () => {
    const backend = memoryBackend()
    await expect(create(readOnly(backend))).rejects.toMatchObject({ code: 'DENIED' })
    const files = { 'a.txt': text('a') }
    await buildPackage(await create(backend), 'ada/wine', files)
    const repo = await create(readOnly(backend))
    expect(sameFiles(await readPackage(repo, 'ada/wine'), files)).toBe(true)
    await expect(buildPackage(repo, 'ada/new', files)).rejects.toMatchObject({ code: 'DENIED' })
  })
})

describe('a repository that is made when it is first written to', () => {
  const openLazily = (backend: Backend) => openOrMake(backend, fakeAmbient())

  test('leaves nothing behind who only reads, and is a repository like any other then', async () => {
    const backend = memoryBackend()
    const repo = await openLazily(backend)
    for await (const { pkg } of repo.refs.packages()) throw new Error(`there is a package ${pkg.name}`)
    expect(await keysOf(backend, '')).toEqual([])
    const files = { 'a.txt': text('a') }
    await buildPackage(repo, 'ada/wine', files)
    expect(Buffer.from(await backend.get(formatKey)).toString()).toBe('quilt repository\nformat 1\n')
    expect(sameFiles(await readPackage(await open(backend), 'ada/wine'), files)).toBe(true)
    expect(sameFiles(await readPackage(await openLazily(backend), 'ada/wine'), files)).toBe(true)
  })

  test('refuses to write beside a newer release that made it meanwhile, and tries again what failed', async () => {
    const backend = memoryBackend()
    const files = { 'a.txt': text('a') }
    const overtaken = await openLazily(backend)
    await backend.put(formatKey, text('quilt repository\nformat 2\n'))
    await expect(buildPackage(overtaken, 'ada/wine', files)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect(await keysOf(backend, '')).toEqual([formatKey])
    await expect(
      buildPackage(await openLazily(readOnly(memoryBackend())), 'ada/wine', files),
    ).rejects.toMatchObject({
      code: 'DENIED',
    })
  })
})

describe('the format file', () => {
  test('H50: of a newer release is refused with a hint, and nothing is written', async () => {
    for (const format of ['2', '10', '999999999']) {
      const backend = memoryBackend()
      await backend.put(formatKey, text(`quilt repository\nformat ${format}\nand more\n`))
      for (const work of [open(backend), create(backend)]) {
        await expect(work).rejects.toMatchObject({ code: 'UNSUPPORTED', hint: 'upgrade quilt-ts to use it' })
      }
      expect(await keysOf(backend, '')).toEqual([formatKey])
    }
  })

  test('that is damaged is CORRUPT', async () => {
    for (const damage of [
      '',
      'quilt repository\n',
      'quilt repository\nformat 0\n',
      'quilt repository\nformat 1',
      '\u0000',
      'quilt repository\nformat -1\n',
    ]) {
      const backend = memoryBackend()
      await backend.put(formatKey, text(damage))
      await expect(open(backend)).rejects.toMatchObject({ code: 'CORRUPT' })
      await expect(create(backend)).rejects.toMatchObject({ code: 'CORRUPT' })
    }
  })
})
