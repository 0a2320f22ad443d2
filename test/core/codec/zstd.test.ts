import { describe, expect, test } from 'vitest'
import { frameContentSize } from '../../../src/core/codec/zstd-frame.ts'
import { loadZstd } from '../../../src/core/codec/zstd-node.ts'
import { compressionMayPay, compressionPaid } from '../../../src/core/codec/zstd-probe.ts'
import { loadZstd as loadWebZstd } from '../../../src/core/codec/zstd-web.ts'
import { noise, text } from '../../support/store-bench.ts'

const csv = text('2024-01-01,4.5,red\n'.repeat(2000))

describe('zstd', () => {
  test('gives back what went in, on Node and in a browser', async () => {
    const [node, web] = [await loadZstd(), await loadWebZstd()]
    for (const bytes of [csv, noise(100_000), text('x'), new Uint8Array(0), new Uint8Array(1_000_000)]) {
      const frame = node.compress(bytes)
      expect(Buffer.from(node.decompress(frame, bytes.length)).equals(bytes)).toBe(true)
      expect(Buffer.from(web.decompress(frame, bytes.length)).equals(bytes)).toBe(true)
    }
  })

  test('H32: a frame that claims or holds another size than the record says is refused', async () => {
    const codecs = [await loadZstd(), await loadWebZstd()]
    const frame = codecs[0]?.compress(csv) as Uint8Array
    expect(frameContentSize(frame) ?? csv.length).toBe(csv.length)
    for (const codec of codecs) {
      for (const size of [0, 1, csv.length - 1, csv.length + 1]) {
        expect(() => codec.decompress(frame, size)).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
      }
    }
  })

  test('H32: a small frame that inflates to a gigabyte is stopped before it does', async () => {
    const zstd = await loadZstd()
    // Magic, descriptor without a content size, a window of 8 MiB, then RLE blocks of 128 KiB each.
    const blocks = 8192
    const bomb = new Uint8Array(6 + 4 * blocks)
    bomb.set([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68])
    for (let i = 0; i < blocks; i++) {
      const header = (131072 << 3) | 2 | (i === blocks - 1 ? 1 : 0)
      bomb.set([header & 0xff, (header >> 8) & 0xff, (header >> 16) & 0xff, 0x61], 6 + 4 * i)
    }
    const before = process.memoryUsage().rss
    expect(() => zstd.decompress(bomb, 1000)).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000)
  })

  test('H32: a frame whose header claims ten terabytes is refused by its header', async () => {
    const zstd = await loadZstd()
    const frame = new Uint8Array(40)
    frame.set([0x28, 0xb5, 0x2f, 0xfd, 0xe0])
    new DataView(frame.buffer).setBigUint64(5, 10n ** 13n, true)
    expect(frameContentSize(frame)).toBe(1e13)
    expect(() => zstd.decompress(frame, 1000)).toThrow(/claims 10000000000000 bytes/)
  })

  test('what is no frame is refused', async () => {
    for (const zstd of [await loadZstd(), await loadWebZstd()]) {
      for (const bytes of [text(''), text('hello'), noise(100), zstd.compress(csv).slice(0, 4)]) {
        expect(() => zstd.decompress(bytes, 100)).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
      }
    }
  })
})

describe('the probe', () => {
  test('promises a gain for text, none for noise or for a few bytes', () => {
    expect(compressionMayPay(csv)).toBe(true)
    expect(compressionMayPay(noise(100_000))).toBe(false)
    expect(compressionMayPay(text('short'))).toBe(false)
  })

  test('a sixteenth is the least that pays', () => {
    expect(compressionPaid(1600, 1499)).toBe(true)
    expect(compressionPaid(1600, 1500)).toBe(false)
  })
})
