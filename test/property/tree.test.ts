// Laws of trees: the root is a function of the entries, edits agree with building, diffs with edits.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareText } from '../../src/core/base/bytes.ts'
import type { TreeEntry } from '../../src/core/codec/objects/tree-entry.ts'
import type { Entry } from '../../src/core/model/entry.ts'
import type { Id } from '../../src/core/model/id.ts'
import { build } from '../../src/core/tree/build.ts'
import { diff, diffEntries } from '../../src/core/tree/diff.ts'
import { edit, type Change } from '../../src/core/tree/edit.ts'
import { editEntries, type EntryChange } from '../../src/core/tree/edit-entries.ts'
import { entries } from '../../src/core/tree/entries.ts'
import { lookup, lookupEntry } from '../../src/core/tree/lookup.ts'
import { walk } from '../../src/core/tree/walk.ts'
import { memoryObjects } from '../support/memory-objects.ts'
import { anyEntry, anyName, collect, file, numbered, sortEntries } from '../support/random-trees.ts'

const anyEntries = fc
  .uniqueArray(anyName, { maxLength: 400, size: 'max' })
  .chain((names) => fc.tuple(...names.map((name) => anyEntry(name))))
  .map((list): readonly TreeEntry[] => list)

const anyMeta = fc.option(fc.constantFrom({ a: 1 }, { title: 'x'.repeat(3000) }), { nil: undefined })

/** Changes of a list: some of its entries removed or changed, some added. */
function anyChanges(list: readonly TreeEntry[]): fc.Arbitrary<readonly EntryChange[]> {
  const old = fc
    .subarray([...list])
    .chain((some) =>
      fc.tuple(
        ...some.map(({ name }) =>
          fc.option(anyEntry(name), { nil: undefined }).map((entry) => ({ name, entry })),
        ),
      ),
    )
  const added = anyEntries.map((more) => more.map((entry): EntryChange => ({ name: entry.name, entry })))
  return fc
    .tuple(old, added)
    .map(([some, more]) => [...new Map([...some, ...more].map((c) => [c.name, c])).values()])
}

function apply(list: readonly TreeEntry[], changes: readonly EntryChange[]): TreeEntry[] {
  const map = new Map(list.map((entry) => [entry.name, entry]))
  for (const { name, entry } of changes) {
    if (entry === undefined) map.delete(name)
    else map.set(name, entry)
  }
  return sortEntries(map.values())
}

/** A list in at most `count` parts. */
function parts<T>(list: readonly T[], count: number): T[][] {
  const size = Math.max(1, Math.ceil(list.length / count))
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size))
}

const listAndChanges = anyEntries.chain((list) => fc.tuple(fc.constant(list), anyChanges(list), anyMeta))

test('an edit in any order gives the tree that building gives', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      listAndChanges,
      fc.integer({ min: 1, max: 20 }),
      async ([list, changes, meta], steps) => {
        const objects = memoryObjects()
        const root = await build(objects, sortEntries(list), meta)
        const expected = await build(memoryObjects(), apply(list, changes), meta)
        expect(await editEntries(objects, objects, root, { changes })).toBe(expected)
        let stepwise = root
        for (const some of parts(changes.toReversed(), steps)) {
          stepwise = await editEntries(objects, objects, stepwise, { changes: some })
        }
        expect(stepwise).toBe(expected)
      },
    ),
    { numRuns: 25 },
  )
})

test(
  'ranges removed from and put into 30,000 entries give the tree that building gives',
  { timeout: 120_000 },
  async () => {
    const objects = memoryObjects()
    const list = numbered(30_000)
    const odd = list.filter((_, i) => i % 2 === 1)
    const root = await build(objects, odd)
    const range = fc.record({
      from: fc.nat(list.length - 1),
      count: fc.nat(3000),
      step: fc.integer({ min: 1, max: 200 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 4 }), async (ranges) => {
        const changes = new Map<string, EntryChange>()
        for (const { from, count, step } of ranges) {
          for (let i = from; i < Math.min(list.length, from + count); i += step) {
            const entry = list[i] as TreeEntry
            changes.set(entry.name, { name: entry.name, entry: i % 2 === 1 ? undefined : entry })
          }
        }
        const edits = [...changes.values()]
        const edited = await editEntries(objects, objects, root, { changes: edits })
        expect(edited).toBe(await build(memoryObjects(), apply(odd, edits)))
        expect(await collect(diffEntries(objects, root, edited))).toHaveLength(edits.length)
      }),
      { numRuns: 20 },
    )
  },
)

test('every entry is listed and found, from anywhere on', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyEntries, anyName, async (list, from) => {
      const objects = memoryObjects()
      const sorted = sortEntries(list)
      const root = await build(objects, sorted)
      const rest = sorted.filter(({ name }) => compareText(name, from) >= 0)
      expect(await collect(entries(objects, root, from))).toEqual(rest)
      for (const entry of sorted.filter((_, i) => i % 7 === 0)) {
        expect(await lookupEntry(objects, root, entry.name)).toEqual(entry)
      }
      expect((await lookupEntry(objects, root, from))?.name).toBe(rest[0]?.name === from ? from : undefined)
    }),
    { numRuns: 25 },
  )
})

test(
  'the changes that a diff tells are those that lead from one to the other, and no more',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(listAndChanges, async ([list, changes]) => {
        const objects = memoryObjects()
        const a = await build(objects, sortEntries(list))
        const b = await build(objects, apply(list, changes))
        const told = await collect(diffEntries(objects, a, b))
        const edits = told.map(({ name, to }) => ({ name, entry: to }))
        expect(await editEntries(objects, objects, a, { changes: edits })).toBe(b)
        const back = await collect(diffEntries(objects, b, a))
        expect(back.map(({ name, from, to }) => ({ name, from: to, to: from }))).toEqual(told)
        expect(told.length).toBeLessThanOrEqual(changes.length)
        expect(told.map(({ name }) => name)).toEqual(sortEntries(told).map(({ name }) => name))
      }),
      { numRuns: 25 },
    )
  },
)

const anyPath = fc
  .array(fc.constantFrom('a', 'b', 'c', 'é', '__proto__'), { minLength: 1, maxLength: 4 })
  .map((names) => names.join('/'))

const anyPackage = fc.uniqueArray(fc.tuple(anyPath, fc.nat(3)), { selector: ([path]) => path, maxLength: 25 })

/** Files at these paths; a path that another goes through stands for an empty group, now and then with metadata. */
function changesTo(paths: readonly (readonly [string, number])[], empty: Id): Change[] {
  return paths.map(([path, n]) => {
    const name = path.split('/').at(-1) as string
    const through = paths.some(([other]) => other.startsWith(`${path}/`))
    const to: Entry =
      through || n === 0
        ? { type: 'group', name, id: empty, ...(n > 1 ? { meta: { n } } : {}) }
        : file(name, String(n))
    return { path, from: undefined, to }
  })
}

test(
  'making the changes that a diff of packages tells turns one into the other',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(anyPackage, anyPackage, async (one, two) => {
        const objects = memoryObjects()
        const empty = await build(objects, [])
        const a = await edit(objects, objects, undefined, changesTo(one, empty))
        const b = await edit(objects, objects, undefined, changesTo(two, empty))
        const told = await collect(diff(objects, a, b))
        expect(await edit(objects, objects, a, told)).toBe(b)
        expect(await edit(objects, objects, a, told.toReversed())).toBe(b)
        for (const { path, to } of told) expect(await lookup(objects, b, path)).toEqual(to)
        for (const { path, entry } of await collect(walk(objects, b))) {
          expect(await lookup(objects, b, path)).toEqual(entry)
        }
      }),
      { numRuns: 100 },
    )
  },
)

test('an edit far away keeps nodes: of 20,000 entries, one change writes three nodes', async () => {
  const objects = memoryObjects()
  const list = numbered(20_000)
  const root = await build(objects, list)
  await fc.assert(
    fc.asyncProperty(
      fc.nat(list.length - 1),
      fc.constantFrom('change', 'insert', 'remove'),
      async (at, what) => {
        const { name } = list[at] as { name: string }
        const entry = what === 'change' ? file(name, `${what}${String(at)}`) : undefined
        const change = what === 'insert' ? { name: `${name}+`, entry: file(`${name}+`) } : { name, entry }
        objects.reset()
        await editEntries(objects, objects, root, { changes: [change] })
        // A boundary that comes or goes costs some more, until boundaries meet again.
        expect(objects.count.written).toBeLessThanOrEqual(what === 'change' ? 3 : 15)
      },
    ),
    { numRuns: 150 },
  )
})
