// What is known of small tables without the engine is what the engine says: of values, of rows, and to the last byte.
import fc from 'fast-check'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { DelimitedText } from '../../src/plugins/api.ts'
import delimited from '../../src/plugins/parsers/delimited.ts'
import { isWellFormed } from '../../src/core/base/bytes.ts'
import { bytesSource } from '../../src/core/base/source.ts'
import { readHead } from '../../src/table/delimited/head.ts'
import { allFamilies, familyBits } from '../../src/table/delimited/infer.ts'
import { knownBits } from '../../src/table/delimited/known-bits.ts'
import { loadPart, writeParquet } from '../../src/table/delimited/make-part.ts'
import { writePart } from '../../src/table/delimited/part-file.ts'
import { planColumns } from '../../src/table/delimited/plan.ts'
import { quickPart } from '../../src/table/delimited/quick-part.ts'
import { rowSplitter } from '../../src/table/delimited/row-splitter.ts'
import { literal, openEngine, type TableConnection, type TableEngine } from '../../src/table/engine.ts'
import { tempDir } from '../support/temp-dir.ts'

function openedEngine(): { readonly folder: string; readonly engine: TableEngine } {
  const folder = tempDir()
  const engine = openEngine({ folder })
  onTestFinished(() => engine.close())
  return { folder, engine }
}

const forms: readonly string[] = [
  [
    '0',
    '-0',
    '7',
    '12',
    '-3',
    '+4',
    '00501',
    '0x1F',
    '0b10',
    '1_000',
    '1e5',
    '1e400',
    '-1.5e-05',
    '0.5e3',
    '0e0',
  ],
  [
    '999999999999999999',
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775808',
    '.5',
    '5.',
    '1.0',
    '-0.0',
  ],
  [
    '12345678901234567890',
    '99999999999999999999999999999999999999',
    '0.1',
    '1,5',
    '1 000',
    ' 12',
    '12 ',
    '\u00a012',
  ],
  [
    'inf',
    '-inf',
    'Infinity',
    'infinity',
    '-infinity',
    'nan',
    'NaN',
    'information',
    'nano',
    'e',
    'E5',
    '-',
    '+',
    '.',
    '_',
  ],
  [
    '2024-02-29',
    '2023-02-29',
    '2024-13-01',
    '2024-1-1',
    '0001-01-01',
    '12024-01-01',
    '2024/01/01',
    '24-01-01',
    '2024-01-31',
  ],
  [
    '2024-01-01 10:00',
    '2024-01-01T10:00:00',
    '2024-01-01 10:00:00.5',
    '2024-01-01T10:00:00.1234567',
    '2024-01-01 24:00:00',
  ],
  [
    '2024-01-01 10:00:60',
    '2024-01-01T10:00:00Z',
    '2024-01-01 10:00:00+02:00',
    '2024-01-01 10:00:00-05',
    '2024-01-01T10:00Z',
  ],
  [
    '2024-01-01 10:00:00 UTC',
    '2024-01-01 (BC) 00:00:00',
    '12024-01-01 00:00:00',
    '2024-01-01T10:00:00.123+12:30',
    'epoch',
  ],
  [
    '23:59:59',
    '24:00:00',
    '00:00:00.25',
    '1:00:00',
    '10:00',
    '12:60:00',
    '12:00:00.',
    '10:00:00.123456',
    'now',
    'today',
  ],
  [
    'true',
    'FALSE',
    'True',
    't',
    'yes',
    'ﬁ',
    'ſalse',
    'K',
    'München',
    'S012',
    '5e580eee',
    'deadbeef',
    '0xzz',
    'a-b',
    '1-2',
    '',
  ],
].flat()

/** Forms, what one letter more or less makes of them, and letters at random out of those that mean something. */
const values: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...forms),
  fc
    .tuple(
      fc.constantFrom(...forms),
      fc.nat(),
      fc.constantFrom(...' +-._:,0159eETZxbnai\u00a0\t'),
      fc.boolean(),
    )
    .map(([form, at, letter, isIn]) => {
      const place = at % (form.length + 1)
      return form.slice(0, place) + letter + form.slice(place + (isIn ? 0 : 1))
    }),
  fc.string({ unit: fc.constantFrom(...'0123456789+-._: eExXbBinfaty/T'), maxLength: 24 }),
  fc
    .tuple(fc.integer({ min: 1000, max: 9999 }), fc.nat(13), fc.nat(32), fc.nat(25), fc.nat(61))
    .map(
      ([y, m, d, h, s]) =>
        `${String(y)}-${String(m).padStart(2, '0')}-${String(d).padStart(2, '0')}T${String(h).padStart(2, '0')}:${String(s).padStart(2, '0')}:00Z`,
    ),
  fc.double().map(String),
  fc.bigInt().map(String),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
)

const style = { decimal: '.', thousands: undefined }

/** What the engine says of each value in each family. */
async function saidBits(connection: TableConnection, all: readonly string[]): Promise<readonly number[][]> {
  const rows = all.map((value, i) => `(${String(i)}, ${literal(value)})`).join(', ')
  const bits = allFamilies.map((family) => `${familyBits('v', family, style)} AS ${family}`)
  const said = await connection.rows(
    `SELECT i, ${bits.join(', ')} FROM (VALUES ${rows}) t(i, v) GROUP BY i ORDER BY i`,
  )
  return said.map((row) => allFamilies.map((family) => Number(row[family])))
}

test('a value is known to be what the engine takes it for', { timeout: 120_000 }, async () => {
  const { engine } = openedEngine()
  await engine.with(async (connection) => {
    await fc.assert(
      fc.asyncProperty(fc.array(values, { minLength: 400, maxLength: 400 }), async (some) => {
        const all = [...new Set([...forms, ...some])].filter(
          (value) => !value.includes('\0') && isWellFormed(value),
        )
        const said = await saidBits(connection, all)
        const wrong = all.flatMap((value, i) =>
          allFamilies.flatMap((family, f) => {
            const known = knownBits(value, family)
            return known === undefined || known === said[i]?.[f] ? [] : [[value, family, known, said[i]?.[f]]]
          }),
        )
        expect(wrong).toEqual([])
      }),
      { numRuns: 20 },
    )
  })
})

const csv = delimited.parsers[0] as { options(raw: object): DelimitedText }

/** A text as a table in both ways: what each says of it, and its Parquet file. */
async function bothWays(
  { engine, folder }: ReturnType<typeof openedEngine>,
  text: string,
): Promise<{ readonly quick: unknown; readonly long: unknown }> {
  const source = bytesSource(Buffer.from(text))
  const dialect = csv.options({})
  const head = await readHead(source, dialect)
  const plan = planColumns(head, dialect)
  mkdirSync(folder, { recursive: true })
  const part = (): ReturnType<typeof writePart> =>
    writePart({
      text: source,
      splitter: rowSplitter(head.style),
      start: head.start,
      path: join(folder, 'text'),
    })
  const path = join(folder, 'made.parquet')
  return engine.with(async (connection) => {
    const types = '-'.repeat(plan.columns.length)
    const made = await quickPart(connection, plan, { file: await part(), path, types })
    const quick = made === undefined ? undefined : { ...made, bytes: readFileSync(path).toString('base64') }
    const {
      rows,
      bad,
      types: found,
    } = await loadPart(connection, plan, await part(), () => Promise.resolve(0))
    await writeParquet(connection, plan, { path, types: found })
    const long = { rows, bad, types: found, written: found, bytes: readFileSync(path).toString('base64') }
    rmSync(path)
    return { quick, long }
  })
}

const plainForms = forms.filter((form) => knownBits(form, 'number') !== undefined)
const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)
const column: fc.Arbitrary<readonly string[]> = fc.oneof(
  fc.integer().map((n) => [String(n)]),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => [String(n)]),
  fc.constant(['true', 'FALSE', '']),
  fc.constant(['2024-02-28', 'NA', '1999-12-01']),
  fc.constant(['2024-02-28', '2024-02-28 10:00']),
  fc.constant(['2024-02-28T10:00:00Z', '2024-02-28 10:00:00.125+02:00']),
  fc.constant(['10:00:00', '23:59:59.5']),
  fc.constant(['a "quoted" cell', 'one, with a comma', '', 'two\nlines']),
  fc.array(fc.constantFrom(...plainForms), { minLength: 1, maxLength: 4 }),
  fc.array(fc.string({ unit: 'grapheme', maxLength: 9 }), { minLength: 1, maxLength: 4 }),
)

test(
  'a small table is the same to the last byte, in one statement and in many',
  { timeout: 120_000 },
  async () => {
    const desk = openedEngine()
    let quickly = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(column, { minLength: 1, maxLength: 6 }),
        fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(2047, 2048, 2049, 5000)),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        async (columns, count, end, ends) => {
          const rows = Array.from({ length: count }, (_, row) =>
            columns.map((cells, i) => quoted(cells[(row * (i + 3)) % cells.length] as string)).join(','),
          )
          const text =
            [columns.map((_, i) => `c ${String(i)}`).join(','), ...rows].join(end) + (ends ? end : '')
          const { quick, long } = await bothWays(desk, text)
          if (quick === undefined) return
          quickly++
          expect(quick).toEqual(long)
        },
      ),
      { numRuns: 60 },
    )
    expect(quickly).toBeGreaterThan(5)
  },
)

test('a long cell that is nearly a number is looked at once, not once from each of its letters', () => {
  for (const part of ['1', ' ', '_', '+', '1.', '0x', '1e']) {
    const cell = `${part.repeat(200_000)}?`
    for (const family of allFamilies) expect(knownBits(cell, family) ?? 'engine').not.toBe(1)
  }
})
