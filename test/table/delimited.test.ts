// Where text is cut, and which types its columns have: the same however it comes.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { joinTypes, type TypeLetter } from '../../src/table/delimited/infer.ts'
import { splitRow, uniqueNames } from '../../src/table/delimited/head.ts'
import { rowSplitter, type PartBounds, type RowStyle } from '../../src/table/delimited/row-splitter.ts'
import { arrowType, parseType } from '../../src/table/arrow-types.ts'

const letters: readonly TypeLetter[] = ['-', 'b', 'i', 'd', 'f', 'D', 'T', 'Z', 't', 's']
const csv: RowStyle = { separator: 44, quote: 34, escape: -1, comment: -1, newline: 10 }
const small: PartBounds = { least: 200, more: 400, most: 4000 }

/** The parts of a text that comes in blocks of some size. */
function partsOf(text: string, block: number, style = csv, bounds = small): readonly string[] {
  const bytes = Buffer.from(text)
  const splitter = rowSplitter(style, bounds)
  const parts: string[] = []
  let start = 0
  for (let at = 0; at < bytes.length;) {
    const cut = splitter.find(bytes.subarray(at, at + block))
    at = cut < 0 ? Math.min(bytes.length, at + block) : at + cut
    if (cut < 0) continue
    parts.push(bytes.subarray(start, at).toString())
    start = at
    splitter.restart()
  }
  if (start < bytes.length) parts.push(bytes.subarray(start).toString())
  return parts
}

const rows = Array.from(
  { length: 3000 },
  (_, i) => `${String(i)},name ${String((i * 7919) % 1000)},"a, ""b""\nc"\n`,
)

describe('types', () => {
  test('their join does not depend on order or grouping', () => {
    for (const a of letters)
      for (const b of letters) {
        expect(joinTypes(a, b)).toBe(joinTypes(b, a))
        expect(joinTypes(a, a)).toBe(a)
        for (const c of letters) expect(joinTypes(joinTypes(a, b), c)).toBe(joinTypes(a, joinTypes(b, c)))
      }
  })

  test('go from DuckDB to Arrow and from what people write to Arrow', () => {
    expect(arrowType('STRUCT("a b" INTEGER, c VARCHAR[])')).toBe('struct<a b: int32, c: list<utf8>>')
    expect(arrowType('DECIMAL(12, 2)')).toBe('decimal(12,2)')
    expect(arrowType('MAP(VARCHAR, BIGINT)')).toBe('map<utf8, int64>')
    expect(parseType('Int64')).toBe('int64')
    expect(parseType('datetime64[ns]')).toBe('timestamp[us]')
    expect(() => parseType('flaot')).toThrow(/no type "flaot"/)
  })
})

describe('parts', () => {
  test('are the same in whatever blocks the text comes, and end with whole rows', () => {
    const text = rows.join('')
    const parts = partsOf(text, 1 << 20)
    expect(parts.length).toBeGreaterThan(50)
    expect(parts.join('')).toBe(text)
    for (const part of parts) expect(part).toMatch(/c"\n$/)
    for (const block of [7, 100, 4096]) expect(partsOf(text, block)).toEqual(parts)
  })

  test('one row more changes the part that it lies in, and no other', () => {
    const before = new Set(partsOf(rows.join(''), 4096))
    for (const at of [0, 1500, 2999]) {
      const after = partsOf([...rows.slice(0, at), 'x,y,z\n', ...rows.slice(at)].join(''), 4096)
      expect(after.filter((part) => !before.has(part)).length).toBeLessThanOrEqual(2)
    }
  })

  test('are no longer than the most and a row, whatever the rows are', () => {
    const same = partsOf('same,row\n'.repeat(5000), 4096)
    for (const part of same) expect(part.length).toBeLessThanOrEqual(small.most + 9)
  })

  test('a quote within a cell that is not quoted opens nothing', () => {
    const text = `5" pipe,1\n${Array.from({ length: 400 }, (_, i) => `${String(i)},b\n`).join('')}`
    expect(partsOf(text, 64).length).toBeGreaterThan(1)
  })

  test('every text is cut into itself', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', '#') }),
        fc.nat(20),
        (text, n) => {
          expect(partsOf(text, n + 1, csv, { least: 3, more: 5, most: 12 }).join('')).toBe(text)
        },
      ),
      { numRuns: 500 },
    )
  })
})

test('cells are split as RFC 4180 says, names are unique whatever their case', () => {
  const dialect = { separator: ',', quote: '"', escape: undefined }
  expect(splitRow('a,"b ""c"", d",,"', dialect)).toEqual(['a', 'b "c", d', '', ''])
  expect(uniqueNames(['a', 'A', '', 'a'])).toEqual(['a', 'A.1', 'column2', 'a.2'])
})
