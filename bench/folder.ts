// What lies in a folder: how much, and whether two folders hold the same.
import { type Stats, closeSync, lstatSync, openSync, readSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Bytes by the files' lengths, and the number of files. */
export interface Usage {
  readonly bytes: number
  readonly files: number
}

/** Counts all files below a folder, without those below `cache` in it; one that is not there holds nothing. */
export function usage(folder: string, cache?: string): Usage {
  let bytes = 0
  let files = 0
  for (const [path, stat] of walk(folder)) {
    if (cache !== undefined && (path === cache || path.startsWith(`${cache}/`))) continue
    if (stat.isDirectory()) continue
    bytes += stat.size
    files++
  }
  return { bytes, files }
}

/** The first path at which two folders differ, `undefined` where they hold the same files and bytes. */
export function difference(a: string, b: string): string | undefined {
  const inA = new Map(walk(a))
  const inB = new Map(walk(b))
  for (const path of inB.keys()) if (!inA.has(path)) return path
  for (const [path, stat] of inA) {
    const other = inB.get(path)
    if (other === undefined || stat.isDirectory() !== other.isDirectory()) return path
    if (!stat.isDirectory() && (stat.size !== other.size || !sameBytes(join(a, path), join(b, path))))
      return path
  }
  return undefined
}

function* walk(root: string, inside = ''): Generator<readonly [path: string, stat: Stats]> {
  const names = lstatSync(join(root, inside), { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(join(root, inside)).sort()
    : []
  for (const name of names) {
    const path = join(inside, name)
    const stat = lstatSync(join(root, path))
    yield [path, stat]
    if (stat.isDirectory()) yield* walk(root, path)
  }
}

const ours = Buffer.alloc(1 << 20)
const theirs = Buffer.alloc(1 << 20)

function sameBytes(a: string, b: string): boolean {
  const files = [openSync(a, 'r'), openSync(b, 'r')] as const
  try {
    for (;;) {
      const length = readSync(files[0], ours)
      if (readSync(files[1], theirs) !== length) return false
      if (length === 0) return true
      if (!ours.subarray(0, length).equals(theirs.subarray(0, length))) return false
    }
  } finally {
    for (const file of files) closeSync(file)
  }
}
