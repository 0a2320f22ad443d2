// W4 and T1 to T3: one large CSV file, and a row put into its middle. T4: many small ones.
import { closeSync, mkdirSync, openSync, readSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const fileName = 'measurements.csv'
const block = 1 << 20
const header = 'id,station,time,temperature,humidity,comment\n'

/** The path of the large file. */
export function tableFile(folder: string): string {
  return join(folder, fileName)
}

/**
 * Writes rows until there are `bytes` of them, the last one cut off; `whole` leaves that one out. Numbers come from a
 * seed, so every machine writes the same.
 */
export function makeTable(folder: string, bytes: number, { whole = false } = {}): void {
  const next = numbers(1)
  const fd = openSync(tableFile(folder), 'w')
  let left = bytes
  let part = header
  for (let row = 0; left > 0; row++) {
    part += rowAt(row, next)
    if (part.length < block && part.length < left) continue
    writeSync(fd, part.slice(0, whole && part.length > left ? part.lastIndexOf('\n', left - 1) + 1 : left))
    left -= Math.min(part.length, left)
    part = ''
  }
  closeSync(fd)
}

/** Writes `count` small tables, a hundred in a folder, and says what the last is called. */
export function makeSmallTables(folder: string, count: number): string {
  const next = numbers(4)
  let last = ''
  for (let n = 0; n < count; n++) {
    const inside = `d${String(Math.floor(n / 100)).padStart(3, '0')}`
    if (n % 100 === 0) mkdirSync(join(folder, inside))
    last = `${inside}/t${String(n % 100).padStart(2, '0')}.csv`
    writeFileSync(
      join(folder, last),
      header + Array.from({ length: 20 }, (_, row) => rowAt(row, next)).join(''),
    )
  }
  return last
}

/** Puts one row behind the row in the middle; another one for each seed. Its id is a number, or no number. */
export function insertRow(folder: string, seed: number, id = `inserted-${String(seed)}`): void {
  const [path, made] = [join(folder, fileName), join(folder, `.${fileName}.new`)]
  const [from, to] = [openSync(path, 'r'), openSync(made, 'w')]
  const buffer = Buffer.alloc(block)
  let at = 0
  const copy = (end: number): void => {
    while (at < end) {
      const length = readSync(from, buffer, 0, Math.min(block, end - at), at)
      if (length === 0) return
      writeSync(to, buffer, 0, length)
      at += length
    }
  }
  const size = sizeOf(from, buffer)
  copy(Math.floor(size / 2))
  const length = readSync(from, buffer, 0, block, at)
  copy(at + buffer.subarray(0, length).indexOf('\n') + 1)
  writeSync(to, `${id},Z99,2024-01-01T00:00:00Z,21.50,40,a row put in between\n`)
  copy(size)
  closeSync(from)
  closeSync(to)
  renameSync(made, path)
}

function sizeOf(fd: number, buffer: Buffer): number {
  let size = 0
  for (;;) {
    const length = readSync(fd, buffer, 0, block, size)
    if (length === 0) return size
    size += length
  }
}

function rowAt(row: number, next: () => number): string {
  const time = new Date(1_700_000_000_000 + row * 60_000).toISOString()
  const station = `S${String(next() % 200).padStart(3, '0')}`
  const [temperature, humidity] = [(next() % 4000) / 100 - 10, next() % 101]
  const comment = ['', '', '', 'calibrated', 'wind from the west', 'sensor replaced'][next() % 6] ?? ''
  return `${String(row)},${station},${time},${temperature.toFixed(2)},${String(humidity)},${comment}\n`
}

/** Whole numbers from 0 to 2^32 − 1, the same for each seed. */
export function numbers(seed: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>>= 0)
  }
}
