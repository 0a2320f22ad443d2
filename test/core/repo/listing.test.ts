import { describe, expect, test } from 'vitest'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { utf8 } from '../../../src/core/base/bytes.ts'
import { decodeListing, encodeListing, type ListedKey } from '../../../src/core/codec/remotes/listing.ts'
import { writeListing } from '../../../src/core/repo/listing.ts'
import { isQuiltError } from '../../../src/core/base/error.ts'

const head = (key: string, size = 1, time = 1000): ListedKey => ({ key, size, modified: new Date(time) })

async function listingOf(backend: Backend): Promise<readonly string[]> {
  return decodeListing(await backend.get('listing')).map(({ key }) => key)
}

describe('the text of a listing', () => {
  test('says what it was given', () => {
    for (const keys of [
      [],
      [head('a')],
      [head('config', 0), head('format', 33), head('packs/0', 2 ** 40, 1e12)],
    ]) {
      expect(decodeListing(encodeListing(keys))).toEqual(keys)
    }
  })

  test('is pinned', () => {
    const text = 'quilt listing 1\nformat\t32\t1700000000000\nindex/a-b\t7\t1\nend 2\n'
    const keys = [head('format', 32, 1_700_000_000_000), head('index/a-b', 7, 1)]
    expect(Buffer.from(encodeListing(keys)).toString()).toBe(text)
  })

  test('is refused when it was cut anywhere, or is another text', () => {
    const whole = Buffer.from(encodeListing([head('a'), head('b'), head('c/d')])).toString()
    const refused = [
      ...Array.from({ length: whole.length }, (_, at) => whole.slice(0, at)),
      `${whole}x`,
      whole.replace('end 3', 'end 4'),
      whole.replace('b\t', '../b\t').replace('../', '\u0000'),
      whole.replace('b\t1', 'b\t-1'),
      whole.replace('b\t', 'a\t'),
      whole.replace('c/d', 'A'),
      '<html></html>',
    ]
    for (const text of refused) expect(() => decodeListing(utf8(text)), text).toThrow(/listing/)
    const newer = (): unknown => decodeListing(utf8('quilt listing 2\nend 0\n'))
    expect(newer).toThrow(/newer version/)
  })
})

describe('writing a listing', () => {
  test('lists what readers need, and nothing else', async () => {
    const backend = memoryBackend()
    for (const key of [
      'format',
      'config',
      'index/1',
      'packs/1',
      'refs/_/a/b/g1',
      'writers/w',
      'probe/p',
      'other',
    ])
      await backend.put(key, utf8(key))
    await writeListing(backend)
    expect(await listingOf(backend)).toEqual(['config', 'format', 'index/1', 'packs/1', 'refs/_/a/b/g1'])
    await backend.delete('packs/1')
    await writeListing(backend)
    expect(await listingOf(backend)).not.toContain('packs/1')
  })

  test('of two who write it at once, whoever is last leaves what there is: at each interleaving', async () => {
    // Each of the two moves a ref, then writes the listing; every call to the backend waits for its turn.
    for (let order = 0; order < 1 << 12; order += 1) {
      const inner = memoryBackend({ now: () => new Date(0) })
      await inner.put('format', utf8('f'))
      const gates: (() => void)[][] = [[], []]
      const stepped = (who: 0 | 1): Backend => {
        const turn = (): Promise<void> => new Promise((resolve) => gates[who]?.push(resolve))
        return {
          ...inner,
          put: async (...args) => (await turn(), inner.put(...args)),
          head: async (key) => inner.head(key),
          async *list(prefix) {
            if (prefix === 'refs/') await turn()
            yield* inner.list(prefix)
          },
        }
      }
      const ends = ([0, 1] as const).map(async (who) => {
        const backend = stepped(who)
        await backend.put(`refs/_/o/p${String(who)}/g1`, utf8('ref'))
        await writeListing(backend)
        return who
      })
      const left = new Set<number>([0, 1])
      for (const [who, end] of ends.entries()) void end.then(() => left.delete(who))
      for (let step = 0; left.size > 0; step++) {
        for (let i = 0; i < 50; i++) await Promise.resolve()
        const first = (order >> (step % 12)) & 1
        const go = gates[first]?.shift() ?? gates[1 - first]?.shift()
        if (go === undefined) await new Promise((resolve) => setImmediate(resolve))
        else go()
      }
      await Promise.all(ends)
      expect(await listingOf(inner)).toEqual(['format', 'refs/_/o/p0/g1', 'refs/_/o/p1/g1'])
      if (order > 300) order += 37 // the rest is a sample
    }
  })

  test('a listing that is no listing says so', () => {
    try {
      decodeListing(new Uint8Array([255]))
      expect.unreachable()
    } catch (error) {
      expect(isQuiltError(error, 'CORRUPT')).toBe(true)
    }
  })
})
