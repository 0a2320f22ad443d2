// W3: a folder of so many entries, of which one is changed; made and compared through the library.
import { utf8 } from '../../src/core/base/bytes.ts'
import type { TreeEntry } from '../../src/core/codec/objects/tree-entry.ts'
import type { Id } from '../../src/core/model/id.ts'
import type { PackRepository } from '../../src/core/repo/open-repository.ts'
import type { ObjectWriter } from '../../src/core/store/object-store.ts'
import { build } from '../../src/core/tree/build.ts'
import { diff } from '../../src/core/tree/diff.ts'
import { edit } from '../../src/core/tree/edit.ts'
import { lookupEntry } from '../../src/core/tree/lookup.ts'
import { nodeReader } from '../../src/core/tree/node.ts'
import { hashBytes } from '#hash'

/** What changing one entry took: milliseconds, and the bytes of the tree's new nodes before compression. */
export interface WideEdit {
  readonly edit: number
  readonly diff: number
  readonly nodeBytes: number
  readonly changes: number
}

/** Writes a tree of `count` files whose blobs are elsewhere: only its nodes are measured. */
export function makeWideFolder({ objects }: PackRepository, count: number): Promise<Id> {
  return objects.batch((out) => build(out, entriesOf(count)))
}

/** Looks up the entry in the middle, changes it, and compares the trees: each reads the nodes that it needs anew. */
export async function editWideFolder(
  { objects }: PackRepository,
  tree: Id,
  count: number,
): Promise<WideEdit> {
  const path = nameOf(Math.floor(count / 2))
  const id = hashBytes(utf8('changed'))
  const to = { type: 'file', name: path, id, size: 7 } as const
  await lookupEntry(nodeReader(objects), tree, path) // a program that runs already: the codecs are loaded
  let nodeBytes = 0
  let editing = 0
  const changed = await objects.batch(async (out) => {
    const counted: ObjectWriter = {
      ...out,
      write: (kind, body) => {
        nodeBytes += body.length
        return out.write(kind, body)
      },
    }
    const begin = performance.now()
    const made = await edit(objects, counted, tree, [{ path, from: undefined, to }])
    editing = performance.now() - begin
    return made
  })
  const begin = performance.now()
  let changes = 0
  for await (const change of diff(objects, tree, changed)) if (change.path === path) changes++
  return { edit: editing, diff: performance.now() - begin, nodeBytes, changes }
}

function* entriesOf(count: number): Generator<TreeEntry> {
  for (let n = 0; n < count; n++) {
    yield { type: 'file', name: nameOf(n), id: hashBytes(utf8(String(n))), size: 1000 + (n % 1000) }
  }
}

function nameOf(n: number): string {
  return `file-${String(n).padStart(8, '0')}.csv`
}
