// Cells right out of DuckDB's vectors, where its own way takes a bigint or a decoder for each (measured: 60 % of the
// time for numbers, dates and short texts). What a vector turns out not to hold as expected is read the slow way.
import type { DuckDBVector } from '@duckdb/node-api'

/** The cells of a vector, `null` where there is no value. */
export type ReadVector = (vector: DuckDBVector, rowCount: number) => unknown[]

/** What vectors hold, though their types do not say so. */
interface Inside {
  readonly items?: unknown
  readonly dataView?: unknown
  readonly validity?: { readonly data: BigUint64Array | null; readonly offset: number }
}

/** One bit a cell, set where there is a value; `undefined` where all have one, `null` where it cannot be told. */
function validBits({ validity }: Inside): Uint8Array | undefined | null {
  if (validity === undefined || validity.offset !== 0) return null
  const { data } = validity
  if (data === null) return undefined
  return data instanceof BigUint64Array ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : null
}

function isValid(bits: Uint8Array | undefined, row: number): boolean {
  return bits === undefined || (((bits[row >> 3] as number) >> (row & 7)) & 1) === 1
}

/** Numbers that lie in the vector as JavaScript has them. */
export function numbersIn(slow: ReadVector): ReadVector {
  return (vector, rowCount) => {
    const inside = vector as unknown as Inside
    const bits = validBits(inside)
    const { items } = inside
    if (bits === null || !isNumbers(items)) return slow(vector, rowCount)
    const cells = new Array<unknown>(rowCount)
    for (let row = 0; row < rowCount; row++) cells[row] = isValid(bits, row) ? items[row] : null
    return cells
  }
}

function isNumbers(items: unknown): items is Float64Array {
  return (
    items instanceof Float64Array ||
    items instanceof Float32Array ||
    items instanceof Int32Array ||
    items instanceof Int16Array ||
    items instanceof Int8Array ||
    items instanceof Uint32Array ||
    items instanceof Uint16Array ||
    items instanceof Uint8Array
  )
}

/** Beyond this, the upper half of a whole number says that a number cannot hold it. */
const highest = 2 ** 21

/** Whole numbers of 64 bits, each made a cell by `make` where a number holds it exactly, and else by the slow way. */
export function wholeNumbersIn(slow: ReadVector, make?: (value: number) => unknown): ReadVector {
  return (vector, rowCount) => {
    const inside = vector as unknown as Inside
    const bits = validBits(inside)
    const { items } = inside
    if (bits === null || !(items instanceof BigInt64Array)) return slow(vector, rowCount)
    const halves = new Int32Array(items.buffer, items.byteOffset, rowCount * 2)
    const cells = new Array<unknown>(rowCount)
    for (let row = 0; row < rowCount; row++) {
      if (!isValid(bits, row)) {
        cells[row] = null
        continue
      }
      const high = halves[2 * row + 1] as number
      if (high >= highest || high < -highest) return slow(vector, rowCount)
      const value = high * 2 ** 32 + ((halves[2 * row] as number) >>> 0)
      cells[row] = make === undefined ? value : make(value)
    }
    return cells
  }
}

/** A text takes 16 bytes in a vector: its length, and itself where that is no more than 12, else where it lies. */
const textBytes = 16
const mostInside = 12
/** Texts that a column remembers, by those bytes: most columns of texts have few. */
const remembered = 1024

/** Texts, of which the last ones that were met are not decoded again. */
export function textsIn(slow: ReadVector): ReadVector {
  const keys = new Int32Array(remembered * 5)
  const texts = new Array<string | undefined>(remembered)
  let vectors = 0
  return (vector, rowCount) => {
    const inside = vector as unknown as Inside
    const bits = validBits(inside)
    const view = inside.dataView
    if (bits === null || !(view instanceof DataView) || view.byteLength < rowCount * textBytes)
      return slow(vector, rowCount)
    const words = new Int32Array(view.buffer, view.byteOffset, rowCount * 4)
    vectors++
    const cells = new Array<unknown>(rowCount)
    for (let row = 0; row < rowCount; row++) {
      if (!isValid(bits, row)) {
        cells[row] = null
        continue
      }
      const length = words[4 * row] as number
      const [a, b, c] = [
        words[4 * row + 1] as number,
        words[4 * row + 2] as number,
        words[4 * row + 3] as number,
      ]
      // Where a long text lies says what it is in this vector only.
      const of = length > mostInside ? vectors : 0
      const slot = slotOf(length, a, b, c)
      const key = slot * 5
      const known = texts[slot]
      if (
        known !== undefined &&
        keys[key] === length &&
        keys[key + 1] === a &&
        keys[key + 2] === b &&
        keys[key + 3] === c &&
        keys[key + 4] === of
      ) {
        cells[row] = known
        continue
      }
      const text = vector.getItem(row) as string
      texts[slot] = text
      keys[key] = length
      keys[key + 1] = a
      keys[key + 2] = b
      keys[key + 3] = c
      keys[key + 4] = of
      cells[row] = text
    }
    return cells
  }
}

function slotOf(length: number, a: number, b: number, c: number): number {
  const mixed = Math.imul(Math.imul(Math.imul(a ^ length, 0x85ebca6b) ^ b, 0xc2b2ae35) ^ c, 0x27d4eb2f)
  return (mixed ^ (mixed >>> 15)) & (remembered - 1)
}
