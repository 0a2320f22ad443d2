import { describe, expect, test } from 'vitest'
import { memoryBackend } from '../../../../src/core/backend/memory.ts'
import { readOnly } from '../../../../src/core/backend/read-only.ts'
import { packFooterBytes, packHeaderBytes } from '../../../../src/core/codec/pack.ts'
import { indexKey, packKey } from '../../../../src/core/store/layout.ts'
import { packBuilder, type FinishedPack } from '../../../../src/core/store/packs/pack-builder.ts'
import { rebuildIndex, scanPack } from '../../../../src/core/store/packs/rebuild-index.ts'
import { failing } from '../../../support/gate.ts'
import { idOf, keysOf } from '../../../support/ref-bench.ts'
import { noise, text } from '../../../support/store-bench.ts'

const name = '0123456789abcdef'.repeat(2)

function sample(): FinishedPack {
  const builder = packBuilder(name)
  for (let i = 0; i < 20; i++) {
    builder.add({ id: idOf(i), kind: 'blob', encoding: 'raw', size: 10 * i }, noise(10 * i, i + 1))
  }
  return builder.finish()
}

describe('an index made again', () => {
  test('H41: has the very bytes of the one that is lost', async () => {
    const { bytes, index } = sample()
    const backend = memoryBackend()
    await backend.put(packKey(name), bytes)
    const made = await rebuildIndex(backend, { name, size: bytes.length })
    expect(made).toEqual({ key: indexKey(name), bytes: index, written: true })
    expect(await backend.get(indexKey(name))).toEqual(index)
  })

  test('serves from memory where it cannot be written', async () => {
    const { bytes, index } = sample()
    const backend = memoryBackend()
    await backend.put(packKey(name), bytes)
    for (const other of [
      readOnly(backend),
      failing(backend, 'put', 'DENIED'),
      failing(backend, 'put', 'UNAVAILABLE'),
    ]) {
      const made = await rebuildIndex(other, { name, size: bytes.length })
      expect(made).toEqual({ key: indexKey(name), bytes: index, written: false })
    }
    expect(await keysOf(backend, 'index/')).toEqual([])
  })

  test('H38: of what is no pack, a pack of another name or one that is gone, is none', async () => {
    const { bytes } = sample()
    const backend = memoryBackend()
    expect(await rebuildIndex(backend, { name, size: 1 })).toBeUndefined()
    const other = 'f'.repeat(32)
    const newer = bytes.slice()
    newer[2] = 0x32
    for (const [key, body] of [
      [name, text('no pack, but a text')],
      [name, newer],
      [other, bytes],
      [name, text('')],
    ] as const) {
      await backend.put(packKey(key), body)
      expect(await rebuildIndex(backend, { name: key, size: body.length })).toBeUndefined()
    }
    expect(await keysOf(backend, 'index/')).toEqual([])
  })
})

test('H43: a pack that is torn anywhere gives the records that are whole', () => {
  const { bytes } = sample()
  const all = scanPack(bytes)
  expect(all).toHaveLength(20)
  for (let length = packHeaderBytes; length < bytes.length - packFooterBytes; length += 3) {
    const found = scanPack(bytes.subarray(0, length))
    const whole = all.filter(({ offset, stored }) => offset + 42 + stored <= length)
    expect(found).toEqual(whole)
  }
})

test('H43: a torn footer is no record', () => {
  const { bytes } = sample()
  for (let cut = 1; cut <= packFooterBytes; cut++) {
    expect(scanPack(bytes.subarray(0, bytes.length - cut))).toHaveLength(20)
  }
})
