// What options of parsers do: the columns and rows that a text makes with them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bytesSource } from '../../src/core/base/source.ts'
import type { JsonObject } from '../../src/core/model/metadata.ts'
import { makeView } from '../../src/table/make-view.ts'
import { hashedFile } from '../../src/table/file-reader.ts'
import { nameTables } from '../../src/table/query.ts'
import type { TableView } from '../../src/table/view/table-view.ts'
import { parserFor, parserNamed } from '../../src/package/tables/readings.ts'
import { repositoryFolder } from '../support/built-cli.ts'
import { tableDesk } from '../support/table-session.ts'
import { workbook } from '../support/workbook.ts'

interface Read {
  readonly types: Readonly<Record<string, string>>
  readonly rows: readonly object[]
  readonly bad: number
}

/** Reads bytes by a parser and its options, by the name's ending unless told. */
async function read(
  body: string | Uint8Array,
  options: JsonObject = {},
  name = 't.csv',
  by?: string,
): Promise<Read> {
  const { session } = await tableDesk()
  const { tables } = session
  const listing = by === undefined ? parserFor(tables.parsers, name) : parserNamed(tables.parsers, by)
  const parser = await (listing as NonNullable<typeof listing>).load()
  const paths: string[] = []
  const { view, bad } = await makeView({
    engine: tables.engine(),
    wideEngine: () => tables.wideEngine(),
    newPath: () => tables.newPath(),
    source: { ...bytesSource(Buffer.from(body as string)), name },
    parser,
    options: parser.options(options),
    keep: (path) => {
      paths.push(path)
      return Promise.resolve(hashedFile(path))
    },
  })
  if (view.kind === 'media') return { types: {}, rows: [view.info], bad }
  const [first] = view.tables.values()
  const rows = await tables.engine().with(async (connection) => {
    await nameTables(connection, [{ name: 't', files: paths }])
    return connection.rows('FROM t')
  })
  const { columns } = first as TableView
  return { types: Object.fromEntries(columns.map(({ name: column, type }) => [column, type])), rows, bad }
}

describe('delimited text', () => {
  test.each<[string, string, JsonObject, readonly object[]]>([
    ['sep', 'a|b\n1|2\n', { sep: '|' }, [{ a: '1', b: '2' }]],
    ['quotechar', "a,b\n'x,y',2\n", { quotechar: "'" }, [{ a: 'x,y', b: '2' }]],
    ['escapechar', 'a,b\n"x\\"y",2\n', { escapechar: '\\' }, [{ a: 'x"y', b: '2' }]],
    ['skiprows', 'title\n\na,b\n1,2\n', { skiprows: 2 }, [{ a: '1', b: '2' }]],
    ['header: 1', 'x,y\na,b\n1,2\n', { header: 1 }, [{ a: '1', b: '2' }]],
    ['header: null', '1,2\n', { header: null }, [{ column0: '1', column1: '2' }]],
    ['names', '1,2\n', { names: ['p', 'q'] }, [{ p: '1', q: '2' }]],
    ['names and a header', 'a,b\n1,2\n', { names: ['p', 'q'], header: 0 }, [{ p: '1', q: '2' }]],
    ['usecols', 'a,b,c\n1,2,3\n', { usecols: ['c', 0] }, [{ a: '1', c: '3' }]],
    ['nrows', 'a\n1\n2\n3\n', { nrows: 2 }, [{ a: '1' }, { a: '2' }]],
    ['na_values', 'a,b\n-,NA\n', { na_values: '-' }, [{ a: null, b: null }]],
    ['keep_default_na', 'a,b\n,NA\n', { keep_default_na: false }, [{ a: '', b: 'NA' }]],
    ['nulls', 'a,b\n?,NA\n', { nulls: ['?'] }, [{ a: null, b: 'NA' }]],
    ['comment', 'a,b\n#"x\n1,2\n', { comment: '#' }, [{ a: '1', b: '2' }]],
    [
      'decimal and thousands',
      'a;b\n1.234,5;2.000\n',
      { sep: ';', decimal: ',', thousands: '.' },
      [{ a: 1234.5, b: '2000' }],
    ],
    ['latin1', Buffer.from('a\n\xfc\n', 'latin1') as unknown as string, { encoding: 'latin1' }, [{ a: 'ü' }]],
    ['dates: false', 'a\n2024-01-01\n', { parse_dates: false }, [{ a: '2024-01-01' }]],
    [
      'date_format',
      'a\n31.12.2024\n',
      { parse_dates: ['a'], date_format: '%d.%m.%Y' },
      [{ a: '2024-12-31' }],
    ],
  ])('%s', async (_name, text, options, rows) => {
    expect((await read(text, options)).rows).toEqual(rows)
  })

  test('dtype declares types by name, pandas and Arrow alike', async () => {
    const { types } = await read('a,b,c,d,e\n1,2,3,4,2024-01-01\n', {
      dtype: { a: 'str', b: 'float64', c: 'Int32', d: 'decimal(12,2)', e: 'datetime64[ns]' },
    })
    expect(types).toEqual({ a: 'utf8', b: 'double', c: 'int32', d: 'decimal(12,2)', e: 'timestamp[us]' })
    expect((await read('a,b\n1,2\n', { dtype: 'str' })).types).toEqual({ a: 'utf8', b: 'utf8' })
  })

  test.each<[JsonObject, string]>([
    [{ spe: ',' }, 'csv has no option "spe"'],
    [{ sep: ';;' }, 'sep must be one ASCII character'],
    [{ header: -1 }, 'header must be a line number'],
    [{ encoding: 'klingon' }, 'encoding: there is none called "klingon"'],
    [{ dtype: { a: 'flaot' } }, 'dtype of a: there is no type "flaot"'],
    [{ dtype: { z: 'int64' } }, 'dtype: there is no column "z"'],
    [{ usecols: ['z'] }, 'usecols: there is no column "z"'],
    [{ names: ['one'] }, 'there are 2 columns, and 1 names'],
    [{ parse_dates: ['b'] }, 'parse_dates: the column "b" holds what is no date'],
    [{ dtype: { b: 'int64' } }, 'line 3, column "b": "x" is no int64'],
    [{ on_bad: 'panic' }, 'on_bad must be'],
  ])('%j is refused', async (options, message) => {
    await expect(read('a,b\n1,2\n3,x\n', options)).rejects.toThrow(message)
  })

  test('what is bad is left out or kept as text, and counted', async () => {
    const text = 'a,b\n1,2\n3\n4,5,6\n7,8\n'
    expect(await read(text, { on_bad: 'skip' })).toEqual({
      types: { a: 'int64', b: 'int64' },
      rows: [
        { a: '1', b: '2' },
        { a: '7', b: '8' },
      ],
      bad: 2,
    })
    expect(await read(text, { on_bad: 'text' })).toMatchObject({
      rows: [
        { a: '1', b: '2' },
        { a: '3', b: null },
        { a: '4,5,6', b: null },
        { a: '7', b: '8' },
      ],
      bad: 2,
    })
    const cells = 'a\n1\nx\n'
    expect(await read(cells, { dtype: { a: 'int64' }, on_bad: 'skip' })).toMatchObject({
      rows: [{ a: '1' }],
      bad: 1,
    })
    expect(await read(cells, { dtype: { a: 'int64' }, on_bad: 'text' })).toMatchObject({
      types: { a: 'utf8' },
      rows: [{ a: '1' }, { a: 'x' }],
      bad: 1,
    })
    const bytes = Buffer.from('a,b\n1,\xff\n2,y\n', 'latin1')
    expect((await read(bytes, { on_bad: 'text' })).rows[0]).toEqual({ a: '1,\\xff', b: null })
  })

  test('the shared spectrum of CSV files reads as it says', async () => {
    const folder = join(repositoryFolder, 'node_modules', 'csv-spectrum')
    for (const name of [
      'comma_in_quotes',
      'empty',
      'escaped_quotes',
      'json',
      'newlines',
      'quotes_and_newlines',
      'simple',
      'simple_crlf',
      'utf8',
    ]) {
      const csv = readFileSync(join(folder, 'csvs', `${name}.csv`))
      const expected = JSON.parse(readFileSync(join(folder, 'json', `${name}.json`), 'utf8')) as object[]
      const { rows } = await read(csv, { dtype: 'str', keep_default_na: false, nulls: [] })
      expect(rows, name).toEqual(expected)
    }
  })
})

test('json: arrays and lines, whole numbers exact, and what is no table', async () => {
  const array = '[\n {"a": 9007199254740993, "b": {"c": [1, null]}},\n {"a": -1, "d": "2024-01-01"}\n]'
  const { types, rows } = await read(array, {}, 't.json')
  expect(types).toEqual({ a: 'int64', b: 'struct<c: list<int64>>', d: 'date32' })
  expect(rows).toEqual([
    { a: '9007199254740993', b: { c: ['1', null] }, d: null },
    { a: '-1', b: null, d: '2024-01-01' },
  ])
  expect((await read('{"a":1}\n{"a":2.5}\n', {}, 't.jsonl')).rows).toEqual([{ a: 1 }, { a: 2.5 }])
  expect((await read('{"type":"Topology"}', {}, 't.json')).types).toEqual({})
  await expect(read('[{"a":1},{"a":', {}, 't.json')).rejects.toMatchObject({ code: 'INVALID' })
  await expect(read('[1]', { line: true }, 't.json')).rejects.toThrow('json has no option "line"')
})

test('excel: sheets by name or number, types by all cells', async () => {
  const bytes = await workbook({
    reds: [
      ['grape', 'litres', 'ok', 'day'],
      ['syrah', 3, true, new Date(Date.UTC(2024, 1, 29))],
      [null, 2.5, false, null],
    ],
    whites: [['n'], [1], [2]],
  })
  const reds = await read(bytes, { sheet: 'reds' }, 't.xlsx')
  expect(reds.types).toEqual({ grape: 'utf8', litres: 'double', ok: 'bool', day: 'date32' })
  expect(reds.rows).toEqual([
    { grape: 'syrah', litres: 3, ok: true, day: '2024-02-29' },
    { grape: null, litres: 2.5, ok: false, day: null },
  ])
  expect((await read(bytes, { sheet: 1 }, 't.bin', 'xlsx')).rows).toEqual([{ n: '1' }, { n: '2' }])
  await expect(read(bytes, { sheet: 'rosé' }, 't.xlsx')).rejects.toThrow('there is no sheet "rosé"')
  expect((await read(bytes, { sheet: 1 }, 'named-so.xls')).rows).toEqual([{ n: '1' }, { n: '2' }])
  const old = Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0, 0)
  await expect(read(old, {}, 't.xls')).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    hint: expect.stringContaining('save it as .xlsx') as string,
  })
})
