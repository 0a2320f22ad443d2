// W6: a store of so many small objects, made as a program makes it that uses the library: blobs in batches, then one
// folder of them all, and a package that keeps it.
import { utf8 } from '../../src/core/base/bytes.ts'
import { encodeCommit } from '../../src/core/codec/objects/commit.ts'
import type { TreeEntry } from '../../src/core/codec/objects/tree-entry.ts'
import type { Id } from '../../src/core/model/id.ts'
import { parsePackageName } from '../../src/core/model/package-name.ts'
import { latest } from '../../src/core/model/ref-name.ts'
import type { PackRepository } from '../../src/core/repo/open-repository.ts'
import { build } from '../../src/core/tree/build.ts'
import { hashBytes } from '#hash'

/** Blobs written in one batch: a store grows by builds, not at once. */
const blobsAtOnce = 262_144

/** The bytes of small object number `n`. */
export function smallObject(n: number): Uint8Array {
  return utf8(`small object ${String(n)}\n`)
}

/**
 * Writes `count` small blobs and a package `name` that keeps them all, from number `from` on.
 * @returns its commit
 */
export async function makeSmallObjects(
  repository: PackRepository,
  name: string,
  count: number,
  from = 0,
): Promise<Id> {
  for (let at = from; at < from + count; at += blobsAtOnce) {
    await repository.objects.batch(async (out) => {
      for (let n = at; n < Math.min(at + blobsAtOnce, from + count); n++) await out.writeBlob(smallObject(n))
    })
  }
  const author = { name: 'Bench', email: 'bench@example.com', time: new Date(1_700_000_000_000) }
  return repository.objects.batch(
    async (out) => {
      const tree = await build(out, entriesOf(count, from))
      return out.write('commit', encodeCommit({ tree, parents: [], author, message: 'bench' }))
    },
    async (commit) => {
      const edits = [{ name: latest, from: undefined, to: commit }]
      await repository.refs.update(parsePackageName(name), () => ({ edits }), {
        who: author,
        reason: 'build',
      })
    },
  )
}

function* entriesOf(count: number, from: number): Generator<TreeEntry> {
  for (let n = from; n < from + count; n++) {
    const body = smallObject(n)
    yield { type: 'file', name: String(n).padStart(9, '0'), id: hashBytes(body), size: body.length }
  }
}
