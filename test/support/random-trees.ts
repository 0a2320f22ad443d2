// Entries and edits for tests of trees: numbered files, and arbitrary ones for fast-check.
import fc from 'fast-check'
import { compareText, utf8 } from '../../src/core/base/bytes.ts'
import type { TreeEntry } from '../../src/core/codec/objects/tree-entry.ts'
import { nameProblem } from '../../src/core/model/entry.ts'
import type { Id } from '../../src/core/model/id.ts'
import { hashBytes } from '#hash'

/** The id of a text: ids that mean nothing but differ. */
export function idOf(text: string): Id {
  return hashBytes(utf8(text))
}

/** A file whose blob is named by `content`. */
export function file(name: string, content = name): TreeEntry & { readonly type: 'file' } {
  return { type: 'file', name, id: idOf(content), size: content.length }
}

/** `count` files with ascending names. */
export function numbered(count: number): readonly (TreeEntry & { readonly type: 'file' })[] {
  return Array.from({ length: count }, (_, i) => file(`file-${String(i).padStart(7, '0')}.csv`))
}

/** Entries ascending by name. */
export function sortEntries<E extends { readonly name: string }>(entries: Iterable<E>): E[] {
  return [...entries].sort((a, b) => compareText(a.name, b.name))
}

/** All that an async iterable gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** Names that a tree may hold, many of them hard. */
export const anyName: fc.Arbitrary<string> = fc
  .oneof(
    fc.integer({ min: 0, max: 2000 }).map((n) => `n${String(n)}`),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
    fc.constantFrom('__proto__', 'constructor', '\uffff', '\u{10000}', ' ', '-', '\ufeffbom'),
  )
  .filter((name) => nameProblem(name) === undefined)

/** An entry of that name: a file or a link, now and then with metadata large enough to end a node early. */
export function anyEntry(name: string): fc.Arbitrary<TreeEntry> {
  const meta = fc.option(
    fc.integer({ min: 0, max: 6000 }).map((n) => ({ note: 'x'.repeat(n) })),
    { freq: 3, nil: undefined },
  )
  return fc.tuple(fc.nat(20), meta).map(([n, note]): TreeEntry => {
    const extra = note === undefined ? undefined : { meta: note }
    return n === 0 ? { type: 'link', name, target: 'x', ...extra } : { ...file(name, String(n)), ...extra }
  })
}
