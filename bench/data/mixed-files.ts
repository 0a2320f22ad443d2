// W5: real files of many kinds, as this repository has them: its examples, and the packages it is built with (programs,
// sources, pictures, data sets of vega-datasets). And how a version differs from the one before.
import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { randomBytes } from './random.ts'
import { numbers } from './table-file.ts'

/** Part of the files, and of the bytes, that a version changes. */
const part = 0.01
const runBytes = 4096

interface RealFile {
  readonly path: string
  readonly size: number
}

/** The files below `home` in the order of their paths, those first that `wanted` bytes hold. */
export function realFiles(home: string, wanted: number): readonly RealFile[] {
  const found: RealFile[] = []
  for (const folder of ['examples', 'node_modules']) collect(home, folder, found)
  found.sort((a, b) => (a.path < b.path ? -1 : 1))
  let bytes = 0
  return found.filter(({ size }) => {
    if (bytes + size > wanted) return false
    bytes += size
    return true
  })
}

function collect(home: string, inside: string, found: RealFile[]): void {
  for (const name of readdirSync(join(home, inside))) {
    const path = `${inside}/${name}`
    const stat = lstatSync(join(home, path))
    if (stat.isDirectory() && !name.startsWith('.')) collect(home, path, found)
    else if (stat.isFile() && stat.size > 0 && !name.startsWith('.')) found.push({ path, size: stat.size })
  }
}

/** Copies the files into a folder. Names that a build would leave out do not occur among them. */
export function makeMixed(files: readonly RealFile[], home: string, folder: string): void {
  for (const { path } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    copyFileSync(join(home, path), join(folder, path))
  }
}

/** Rewrites one file of a hundred, of whatever size: its lines in another order, or its bytes backwards. */
export function rewriteFiles(files: readonly RealFile[], folder: string, seed: number): void {
  const next = numbers(seed + 1)
  for (let left = Math.max(1, Math.round(files.length * part)); left > 0; left--) {
    const path = join(folder, files[next() % files.length]!.path)
    const bytes = readFileSync(path)
    const lines = bytes.toString('latin1').split('\n')
    const other = lines.length < 8 ? undefined : shuffled(lines, next).join('\n')
    const note = Buffer.from(`${String(seed)} ${String(next())}\n`)
    writeFileSync(
      path,
      Buffer.concat([note, other === undefined ? bytes.reverse() : Buffer.from(other, 'latin1')]),
    )
  }
}

function shuffled(lines: readonly string[], next: () => number): string[] {
  const out = [...lines]
  for (let i = out.length - 1; i > 0; i--) {
    const j = next() % (i + 1)
    ;[out[i], out[j]] = [out[j]!, out[i]!]
  }
  return out
}

/** Overwrites one byte of a hundred, in runs of 4 KiB anywhere in the files, with random bytes. */
export function overwriteRuns(files: readonly RealFile[], folder: string, seed: number): void {
  const next = numbers(seed + 1)
  const random = randomBytes(`W5 ${String(seed)}`)
  const total = files.reduce((sum, { size }) => sum + size, 0)
  const starts: number[] = []
  for (const { size } of files) starts.push((starts.at(-1) ?? 0) + size)
  for (let left = Math.max(1, Math.round((total * part) / runBytes)); left > 0; left--) {
    const at = (next() * 2 ** 20 + (next() % 2 ** 20)) % total
    const index = starts.findIndex((end) => at < end)
    const { path, size } = files[index]!
    const length = Math.min(runBytes, size)
    const start = Math.min(size - (starts[index]! - at), size - length)
    const fd = openSync(join(folder, path), 'r+')
    writeSync(fd, random(length), 0, length, start)
    closeSync(fd)
  }
}
