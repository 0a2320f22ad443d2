// SHA-256 in both its forms: node:crypto's and the browser's. Vectors: FIPS 180 and NIST's CAVS (short messages).
import { expect, test } from 'vitest'
import * as node from '../../../src/core/codec/hash-node.ts'
import * as web from '../../../src/core/codec/hash-web.ts'
import { concatBytes, utf8 } from '../../../src/core/base/bytes.ts'

const implementations = [
  ['node', node],
  ['web', web],
] as const

const vectors: readonly (readonly [string, Uint8Array, string])[] = [
  ['nothing', utf8(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['d3', Uint8Array.of(0xd3), '28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1'],
  ['11af', Uint8Array.of(0x11, 0xaf), '5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98'],
  [
    'b4190e',
    Uint8Array.of(0xb4, 0x19, 0x0e),
    'dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2',
  ],
  [
    '74ba2521',
    Uint8Array.of(0x74, 0xba, 0x25, 0x21),
    'b16aa56be3880d18cd41e68384cf1ec8c17680c45a02b1575dc1518923ae8b0e',
  ],
  ['abc', utf8('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    '448 bits',
    utf8('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
  [
    '896 bits',
    utf8(
      'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu',
    ),
    'cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1',
  ],
  [
    'a million a',
    utf8('a'.repeat(1_000_000)),
    'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
  ],
]

for (const [name, { hashBytes, createHasher }] of implementations) {
  for (const [what, bytes, digest] of vectors) {
    test(`${name}: hashes ${what} as NIST says`, () => {
      expect(hashBytes(bytes)).toBe(digest)
      const hasher = createHasher()
      for (let at = 0; at < bytes.length; at += 999) hasher.update(bytes.subarray(at, at + 999))
      expect(hasher.digest()).toBe(digest)
    })
  }
}

test('both hash the same at every length around a block', () => {
  for (let length = 0; length < 300; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 0xff)
    expect(web.hashBytes(bytes)).toBe(node.hashBytes(bytes))
    expect(web.hashBytes(concatBytes([bytes, bytes]).subarray(length))).toBe(node.hashBytes(bytes))
  }
})
