// What tests of packs, gc and verify share: repositories in memory, packages made of files, and their bytes read back.
import type { Backend } from '../../src/core/backend/backend.ts'
import { memoryBackend } from '../../src/core/backend/memory.ts'
import { utf8 } from '../../src/core/base/bytes.ts'
import { encodeCommit } from '../../src/core/codec/objects/commit.ts'
import type { TreeEntry } from '../../src/core/codec/objects/tree-entry.ts'
import type { Extent } from '../../src/core/model/extent.ts'
import type { Id } from '../../src/core/model/id.ts'
import { parsePackageName, type PackageName } from '../../src/core/model/package-name.ts'
import { latest } from '../../src/core/model/ref-name.ts'
import { createRepository, type PackRepository } from '../../src/core/repo/open-repository.ts'
import { verify, type Problem } from '../../src/core/repo/verify.ts'
import { readCommit } from '../../src/core/history/commits.ts'
import { streamBlob } from '../../src/core/store/blob-source.ts'
import { packPrefix } from '../../src/core/store/layout.ts'
import type { ObjectWriter } from '../../src/core/store/object-store.ts'
import { build } from '../../src/core/tree/build.ts'
import { walk } from '../../src/core/tree/walk.ts'
import { lookupDerived } from '../../src/core/tree/lookup.ts'
import { fakeAmbient, type FakeAmbient } from './ambient.ts'

/** Files by path. */
export type Files = Readonly<Record<string, Uint8Array>>

/** A repository in memory, with the clocks of its store and its machine. */
export interface Bench {
  readonly backend: Backend
  readonly ambient: FakeAmbient
  /** The store's own clock: one that goes on a millisecond with each put, and that a test may move. */
  readonly clock: { time: number }
  readonly repo: PackRepository
}

/** A fresh repository. */
export async function bench(seed = 1, storeTime = Date.UTC(2030, 5, 1)): Promise<Bench> {
  const clock = { time: storeTime }
  const backend = memoryBackend({ now: () => new Date(++clock.time) })
  const ambient = fakeAmbient(seed)
  return { backend, ambient, clock, repo: await createRepository(backend, ambient) }
}

/** The repository as another process sees it. */
export async function reopen(backend: Backend, seed: number): Promise<PackRepository> {
  return createRepository(backend, fakeAmbient(seed))
}

/** So many bytes that do not compress, the same for each seed. */
export function noise(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1
  for (let i = 0; i < size; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[i] = state >>> 11
  }
  return bytes
}

export const text = (value: string): Uint8Array => utf8(value)

export const pkg = (name: string): PackageName => parsePackageName(name)

interface Written {
  readonly tree: Id
  readonly derived: Id | undefined
}

/** Writes files as trees, and the recipes of the large ones as a derived tree. */
export async function writeFiles(out: ObjectWriter, files: Files): Promise<Written> {
  const recipes = new Map<Id, TreeEntry>()
  const folder = async (prefix: string): Promise<Id> => {
    const entries = new Map<string, TreeEntry>()
    for (const [path, bytes] of Object.entries(files)) {
      if (!path.startsWith(prefix)) continue
      const [name = '', ...rest] = path.slice(prefix.length).split('/')
      if (entries.has(name)) continue
      if (rest.length > 0) entries.set(name, { type: 'group', name, id: await folder(`${prefix}${name}/`) })
      else {
        const { id, size, recipe } = await out.writeBlob(bytes)
        entries.set(name, { type: 'file', name, id, size })
        if (recipe !== undefined) recipes.set(id, { type: 'recipe', name: id, id: recipe, size })
      }
    }
    return build(out, byName(entries.values()))
  }
  const tree = await folder('')
  return { tree, derived: recipes.size === 0 ? undefined : await build(out, byName(recipes.values())) }
}

function byName(entries: Iterable<TreeEntry>): TreeEntry[] {
  return [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))
}

let commits = 0

/** Writes a commit over what `writeFiles` made. */
export function writeCommit(
  out: ObjectWriter,
  { tree, derived }: Written,
  parents: readonly Id[] = [],
): Promise<Id> {
  const author = { name: 'Ada', email: 'ada@example.org', time: new Date(1_700_000_000_000 + ++commits) }
  return out.write(
    'commit',
    encodeCommit({ tree, ...(derived === undefined ? {} : { derived }), parents, author, message: 'm' }),
  )
}

export const record = (reason: string) => ({
  who: { name: 'Ada', email: 'ada@example.org', time: new Date(1_700_000_000_000) },
  reason,
})

/** Moves `latest` of a package, from wherever it is. */
export async function publish(
  repo: PackRepository,
  name: string,
  commit: Id,
  extent?: Extent,
): Promise<void> {
  await repo.refs.update(
    pkg(name),
    (state) => ({
      edits: [{ name: latest, from: state?.refs.get(latest), to: commit }],
      ...(extent === undefined ? {} : { extents: new Map([[commit, extent]]) }),
    }),
    record('build'),
  )
}

/** Builds a package of these files; `latest` moves in the batch that wrote them. */
export async function buildPackage(
  repo: PackRepository,
  name: string,
  files: Files,
  options: { readonly history?: boolean } = {},
): Promise<Id> {
  const before = (await repo.refs.get(pkg(name)))?.refs.get(latest)
  const parents = options.history === true && before !== undefined ? [before] : []
  return repo.objects.batch(
    async (out) => writeCommit(out, await writeFiles(out, files), parents),
    (commit) => publish(repo, name, commit),
  )
}

export const removePackage = (repo: PackRepository, name: string): Promise<void> =>
  repo.refs.remove(pkg(name), record('remove'))

/** The files of a package's latest commit, read back and checked whole. */
export async function readPackage(repo: PackRepository, name: string): Promise<Files> {
  const state = await repo.refs.get(pkg(name))
  const commit = state?.refs.get(latest)
  if (commit === undefined) throw new Error(`no ${name}`)
  const { tree, derived } = await readCommit(repo.objects, commit)
  const files: Record<string, Uint8Array> = {}
  for await (const { path, entry } of walk(repo.objects, tree)) {
    if (entry.type !== 'file') continue
    const found = derived === undefined ? undefined : await lookupDerived(repo.objects, derived, entry.id)
    const parts: Uint8Array[] = []
    for await (const part of streamBlob(repo.objects, entry.id, found?.id)) parts.push(part)
    files[path] = Buffer.concat(parts)
  }
  return files
}

/** True when two packages have the same files. */
export function sameFiles(a: Files, b: Files): boolean {
  const names = Object.keys(a).sort()
  if (names.join('\n') !== Object.keys(b).sort().join('\n')) return false
  return names.every((name) => Buffer.from(a[name] as Uint8Array).equals(b[name] as Uint8Array))
}

export async function problemsOf(repo: PackRepository, ...packages: string[]): Promise<Problem[]> {
  const options = packages.length === 0 ? {} : { packages: packages.map(pkg) }
  const all: Problem[] = []
  for await (const problem of verify(repo, options).problems) all.push(problem)
  return all
}

/** Bytes of all packs. */
export async function packBytesOf(backend: Backend): Promise<number> {
  let sum = 0
  for await (const { size } of backend.list(packPrefix)) sum += size
  return sum
}
