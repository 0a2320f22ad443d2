// Folders for fast-check: files, links, folders and empty ones, under hard names and easy ones.
import type nodeFs from 'node:fs'
import fc from 'fast-check'
import { isWellFormed } from '../../src/core/base/bytes.ts'
import type { FileSystem } from '../../src/core/base/fs-node.ts'
import { nameProblem, targetProblem } from '../../src/core/model/entry.ts'
import { noise } from './store-bench.ts'

/** What lies under one name. */
export type Node =
  | { readonly kind: 'file'; readonly size: number; readonly seed: number; readonly executable: boolean }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'folder'; readonly inside: ReadonlyMap<string, Node> }

const leftOut = (name: string): boolean =>
  name.startsWith('.') || name.endsWith('~') || name === 'quilt_packages' || name === 'build.yml'

/** Names that a tree and a disk both take; `.quiltignore` and what is left out by default are for other tests. */
export const anyName: fc.Arbitrary<string> = fc
  .oneof(
    fc.integer({ min: 0, max: 30 }).map((n) => `n${String(n)}`),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
    fc.constantFrom(
      '__proto__',
      'constructor',
      '-',
      ' ',
      'a\nb',
      '\u202E',
      '\uffff',
      '\u{10000}',
      'é',
      'e\u0301',
      'A',
      'a',
    ),
  )
  .filter((name) => nameProblem(name) === undefined && isWellFormed(name) && !leftOut(name))

const file = fc.record({
  kind: fc.constant('file' as const),
  size: fc.oneof(fc.nat(100), fc.constantFrom(0, 4096, 262_144, 262_145, 300_000)),
  seed: fc.nat(5),
  executable: fc.boolean(),
})
const link = fc
  .constantFrom('n1', './n2', 'n1/n2', '../n3', 'nowhere', 'é')
  .map((target) => ({ kind: 'link' as const, target }))

/** Folders, their names from among `names`. */
export function anyFolder(names: fc.Arbitrary<string>): fc.Arbitrary<ReadonlyMap<string, Node>> {
  const { node } = fc.letrec<{ node: Node }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      { weight: 6, arbitrary: file },
      { weight: 1, arbitrary: link },
      {
        weight: 3,
        arbitrary: fc
          .array(fc.tuple(names, tie('node')), { maxLength: 6 })
          .map((inside): Node => ({ kind: 'folder', inside: new Map(inside) })),
      },
    ),
  }))
  return fc.array(fc.tuple(names, node), { maxLength: 8 }).map((inside) => new Map(inside))
}

/** Writes such a folder to disk; links that would lead out of it are left out. */
export function writeFolder(
  fs: FileSystem & typeof nodeFs,
  folder: string,
  inside: ReadonlyMap<string, Node>,
  depth = 0,
): void {
  fs.mkdirSync(folder, { recursive: true })
  for (const [name, one] of inside) {
    const path = `${folder}/${name}`
    if (one.kind === 'folder') writeFolder(fs, path, one.inside, depth + 1)
    else if (one.kind === 'link') {
      if (targetProblem(one.target, depth) === undefined) fs.symlinkSync(one.target, path)
    } else {
      fs.writeFileSync(path, noise(one.size, one.seed))
      if (one.executable) fs.chmodSync(path, 0o755)
    }
  }
}
