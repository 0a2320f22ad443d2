import { describe, expect, test } from 'vitest'
import { encodeRecipe, mostParts, type RecipePart } from '../../../src/core/codec/objects/recipe.ts'
import type { Id } from '../../../src/core/model/id.ts'
import { recipeNodes } from '../../../src/core/store/recipe-nodes.ts'
import { readRecipe, recipeBuilder, recipeChunks } from '../../../src/core/store/recipe-tree.ts'
import { hashBytes } from '#hash'
import { memoryObjects, type MemoryObjects } from '../../support/memory-objects.ts'
import { collect } from '../../support/ref-bench.ts'
import { text } from '../../support/store-bench.ts'

function chunksOf(count: number, prefix = ''): RecipePart[] {
  return Array.from({ length: count }, (_, i) => ({
    id: hashBytes(text(`${prefix}${String(i)}`)),
    size: 1 + ((i * 37) % 100),
  }))
}

async function build(objects: MemoryObjects, chunks: readonly RecipePart[]): Promise<Id> {
  const builder = recipeBuilder((body) => objects.write('recipe', body))
  for (const chunk of chunks) await builder.add(chunk)
  return builder.finish()
}

function placed(chunks: readonly RecipePart[]): (RecipePart & { start: number })[] {
  let at = 0
  return chunks.map((chunk) => ({ ...chunk, start: (at += chunk.size) - chunk.size }))
}

describe('a recipe', () => {
  test('gives its chunks in order, however many they are', async () => {
    for (const count of [1, 2, 15, 16, 17, 255, 256, 1000, 5000, 60_000]) {
      const objects = memoryObjects()
      const chunks = chunksOf(count)
      const recipe = await build(objects, chunks)
      expect(await collect(recipeChunks(objects, recipe))).toEqual(placed(chunks))
      expect((await readRecipe(objects, recipe)).size).toBe(chunks.reduce((sum, { size }) => sum + size, 0))
      for (const body of objects.stored.values()) expect(body.length).toBeLessThan(40 * mostParts)
    }
  })

  test('is the same object for the same chunks, and has no node twice above itself', async () => {
    const [a, b] = [memoryObjects(), memoryObjects()]
    expect(await build(a, chunksOf(9000))).toBe(await build(b, chunksOf(9000)))
    const recipe = await build(a, chunksOf(9000))
    expect(new Set(await collect(recipeNodes(a, recipe)))).toEqual(new Set(a.stored.keys()))
    for (const id of a.stored.keys()) {
      const { level, parts } = await readRecipe(a, id)
      if (id === recipe && level > 0) expect(parts.length).toBeGreaterThan(1)
    }
  })

  test('by range reads the nodes that lead there, and no others', async () => {
    const objects = memoryObjects()
    const chunks = chunksOf(60_000)
    const recipe = await build(objects, chunks)
    const all = placed(chunks)
    const size = (all.at(-1)?.start ?? 0) + (all.at(-1)?.size ?? 0)
    for (const [start, end] of [
      [0, 1],
      [0, size],
      [size - 1, size],
      [777_777, 777_778],
      [100_000, 140_000],
      [5, 5],
      [size, size + 9],
    ] as const) {
      objects.reset()
      const wanted = all.filter((chunk) => chunk.start < end && chunk.start + chunk.size > start)
      expect(await collect(recipeChunks(objects, recipe, { start, end }))).toEqual(wanted)
      if (end - start < 50_000) expect(objects.count.reads).toBeLessThan(12)
    }
  })

  test('with one chunk more in its midst shares nearly all nodes', async () => {
    const objects = memoryObjects()
    const chunks = chunksOf(30_000)
    await build(objects, chunks)
    const before = objects.stored.size
    await build(objects, [...chunks.slice(0, 15_000), ...chunksOf(1, 'new '), ...chunks.slice(15_000)])
    expect(objects.stored.size - before).toBeLessThanOrEqual(4)
  })
})

describe('a recipe that lies', () => {
  const parts = chunksOf(3)
  const size = parts.reduce((sum, part) => sum + part.size, 0)

  test('about the recipes below it is CORRUPT', async () => {
    for (const claim of [
      { size: size + 1, level: 1 },
      { size, level: 2 },
    ]) {
      const objects = memoryObjects()
      const id = await objects.write('recipe', encodeRecipe({ level: 0, size, parts }))
      const body = encodeRecipe({ level: claim.level, size: claim.size, parts: [{ id, size: claim.size }] })
      const root = await objects.write('recipe', body)
      await expect(collect(recipeChunks(objects, root))).rejects.toMatchObject({ code: 'CORRUPT' })
    }
  })

  test('by being none is CORRUPT; one that is not there is NOT_FOUND', async () => {
    const objects = memoryObjects()
    const id = await objects.write('recipe', text('no recipe'))
    await expect(readRecipe(objects, id)).rejects.toMatchObject({ code: 'CORRUPT' })
    await expect(readRecipe(objects, hashBytes(text('none')))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
