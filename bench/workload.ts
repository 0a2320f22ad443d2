// The data that is stored, the same on every machine: random bytes from a seed, a table, real files.
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { makeMixed, overwriteRuns, realFiles, rewriteFiles } from './data/mixed-files.ts'
import { randomBlock as block, randomBytes } from './data/random.ts'
import { insertRow, makeTable } from './data/table-file.ts'
import type { StepName } from './tool.ts'

/** Data of a kind, and how to make it. */
export interface Workload {
  readonly name: string
  readonly title: string
  readonly files: number
  readonly bytes: number
  /** Fills an empty folder. */
  make(folder: string): void
  /** Fewest bytes in which it can be stored: of random bytes all. */
  readonly least: number
  /** Makes the next version; absent where there is but one. */
  change?(folder: string, seed: number): void
  /** So many further versions are made and built; 1 unless told. */
  readonly versions?: number
  /** The tools that take part, in this order; those that store files unless told. */
  readonly tools?: readonly string[]
  /** The steps that are taken; all that a tool has unless told. */
  readonly steps?: readonly StepName[]
}

const fileBytes = 4096
const filesPerFolder = 100

const withVersions: readonly string[] = ['quilt', 'restic', 'borg']

/** All workloads at a share of their size; `home` is the repository, from whose files W5 is made. */
export function workloads(scale: number, home: string): readonly Workload[] {
  const mebibytes = (count: number): number => Math.max(65_536, Math.round(count * 2 ** 20 * scale))
  return [
    oneFile('W1', mebibytes(1024)),
    manyFiles(Math.max(10, Math.round(1e5 * scale))),
    table(mebibytes(1024)),
    tableBuild(mebibytes(1024)),
    mixed('W5a', 'one file of a hundred rewritten', { home, bytes: mebibytes(200), change: rewriteFiles }),
    mixed('W5b', 'one byte of a hundred overwritten in runs of 4 KiB', {
      home,
      bytes: mebibytes(200),
      change: overwriteRuns,
    }),
    { ...oneFile('big', mebibytes(10_240)), tools: ['quilt'], steps: ['build', 'again', 'export'] },
  ]
}

function table(bytes: number): Workload {
  return {
    name: 'W4',
    title: `${formatCount(bytes)} bytes of CSV in one file, then one row put into the middle`,
    files: 1,
    bytes,
    least: bytes / 50,
    tools: [...withVersions, 'cp'],
    steps: ['build', 'again', 'changed', 'export'],
    make: (folder) => makeTable(folder, bytes),
    change: insertRow,
  }
}

/** As W4, with rows that can be read to the last. */
function tableBuild(bytes: number): Workload {
  return {
    name: 'T1',
    title: `${formatCount(bytes)} bytes of CSV in one file, read as a table, then one row put into the middle`,
    files: 1,
    bytes,
    least: bytes / 50,
    tools: ['quilt-tables', 'quilt', 'duckdb'],
    steps: ['build', 'again', 'changed'],
    make: (folder) => makeTable(folder, bytes, { whole: true }),
    change: (folder, seed) => insertRow(folder, seed, String(-seed)),
  }
}

interface Mixed {
  readonly home: string
  readonly bytes: number
  readonly change: (files: ReturnType<typeof realFiles>, folder: string, seed: number) => void
}

function mixed(name: string, how: string, { home, bytes, change }: Mixed): Workload {
  const files = realFiles(home, bytes)
  const total = files.reduce((sum, { size }) => sum + size, 0)
  return {
    name,
    title: `${formatCount(files.length)} real files of ${formatCount(total)} bytes, then nine versions, in each ${how}`,
    files: files.length,
    bytes: total,
    least: total / 50,
    tools: withVersions,
    steps: ['build', 'changed', 'export'],
    versions: 9,
    make: (folder) => makeMixed(files, home, folder),
    change: (folder, seed) => change(files, folder, seed),
  }
}

function oneFile(name: string, bytes: number): Workload {
  return {
    name,
    title: `${formatCount(bytes)} random bytes in one file`,
    files: 1,
    bytes,
    least: bytes,
    make(folder) {
      const next = randomBytes(name)
      const fd = openSync(join(folder, 'random.bin'), 'w')
      for (let left = bytes; left > 0; left -= block) writeSync(fd, next(Math.min(block, left)))
      closeSync(fd)
    },
  }
}

function manyFiles(files: number): Workload {
  const folders = Math.ceil(files / filesPerFolder)
  const path = (file: number): string =>
    join(
      `d${String(Math.floor(file / filesPerFolder)).padStart(4, '0')}`,
      `f${String(file % filesPerFolder).padStart(2, '0')}.bin`,
    )
  return {
    name: 'W2',
    title: `${formatCount(files)} files of 4 KiB random bytes in ${formatCount(folders)} folders`,
    files,
    bytes: files * fileBytes,
    least: files * fileBytes,
    make(folder) {
      const next = randomBytes('W2')
      for (let file = 0; file < files; file++) {
        if (file % filesPerFolder === 0) mkdirSync(join(folder, path(file), '..'))
        writeFileSync(join(folder, path(file)), next(fileBytes))
      }
    },
    change(folder, seed) {
      const next = randomBytes(`W2 changed ${seed}`)
      writeFileSync(join(folder, path(Math.floor(files / 2))), next(fileBytes))
    },
  }
}

function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}
