// Files that are damaged, odd or made to hurt: a stated result, or an error with its place; the bytes are kept in any case.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { build } from '../../src/package/build.ts'
import { exportPackage } from '../../src/package/export.ts'
import { inspect } from '../../src/package/inspect.ts'
import { readExif } from '../../src/plugins/parsers/image-exif.ts'
import { repositoryFolder } from '../support/built-cli.ts'
import { tableDesk, type TableDesk } from '../support/table-session.ts'

const parquet = readFileSync(join(repositoryFolder, 'examples', 'v1', 'earth', 'earthquakes.parquet'))
const png = readFileSync(join(repositoryFolder, 'examples', 'v1', 'charts', 'temperature.png'))

/** Builds one file and gives what was warned of it; its bytes come back in any case. */
async function built(
  name: string,
  body: string | Uint8Array,
): Promise<TableDesk & { readonly warning: string }> {
  const desk = await tableDesk()
  desk.write({ [`data/${name}`]: body })
  await desk.build()
  await exportPackage(desk.session, { handle: `ada/data/${name}`, destination: 'out' })
  expect(readFileSync(`${desk.root}/out/${name}`).equals(Buffer.from(body as string))).toBe(true)
  return { ...desk, warning: desk.warnings.join('\n') }
}

describe('H109: delimited text', () => {
  test.each([
    ['ragged rows', 'a,b\n1,2\n1,2,3\n', 'line 3, column 3: the row has 3 cells, and the file has 2 columns'],
    ['a short row behind a quoted line feed', 'a,b\n"x\ny",2\n3\n', 'line 4, column 2: the row has 1 cells'],
    ['a quote that is never closed', 'a,b\n1,2\n"3,4\n5,6\n', 'line 3, column 1: a quote is never closed'],
    ['a quote in the names that is never closed', 'a,"b\n1,2\n', 'a quote is never closed'],
    ['an empty file', '', 'the file has no columns'],
    [
      'bytes that are no UTF-8',
      Buffer.from('a,b\n1,\xff\n', 'latin1'),
      'line 2, column 2: the text is no UTF-8',
    ],
    ['damaged gzip', gzipSync('a,b\n1,2\n').subarray(0, 20), 'the gzip stream is damaged'],
  ])('%s: kept as a file, with a warning', async (_name, body, message) => {
    const name = message.startsWith('the gzip') ? 't.csv.gz' : 't.csv'
    const { warning } = await built(name, body)
    expect(warning).toContain(message)
  })

  test.each([
    ['names only', 'a,b\n', ['a', 'b'], 0],
    ['a byte-order mark', '\ufeffa,b\n1,2\n', ['a', 'b'], 1],
    ['names twice, in two cases, and none', 'a,A,,a\n1,2,3,4\n', ['a', 'A.1', 'column2', 'a.2'], 1],
    ['carriage returns alone', 'a,b\r1,2\r3,4\r', ['a', 'b'], 2],
    ['no line feed at the end', 'a,b\n1,2', ['a', 'b'], 1],
    ['blank lines', 'a,b\n\n1,2\n\n\n3,4\n', ['a', 'b'], 2],
    ['__proto__ as a name', '__proto__,constructor\n1,2\n', ['__proto__', 'constructor'], 1],
  ])('%s: a table', async (_name, body, names, rows) => {
    const { session, warning } = await built('t.csv', body)
    expect(warning).toBe('')
    const shown = await inspect(session, 'ada/data/t.csv')
    expect([shown.columns?.map(({ name }) => name), shown.rows]).toEqual([names, rows])
  })
})

describe('H110: extremes', () => {
  test('a line of 10 MB is a cell, one of 20 MB is refused', async () => {
    const long = await built('t.csv', `a,b\n1,"${'x'.repeat(10_000_000)}"\n2,y\n`)
    expect(await long.rows(`select a, length(b) as n from 'ada/data/t.csv'`)).toEqual([
      { a: 1, n: 10_000_000 },
      { a: 2, n: 1 },
    ])
    expect((await built('t.csv', `a,b\n1,${'x'.repeat(20_000_000)}\n`)).warning).toContain(
      'longer than 16 MiB',
    )
  }, 60_000)

  test('100,000 columns are refused, 1,000 are a table', async () => {
    const wide = (n: number): string => `${Array.from({ length: n }, (_, i) => `c${String(i)}`).join(',')}\n`
    expect((await built('t.csv', wide(100_000))).warning).toContain('more than 4096 columns')
    const { session } = await built('t.csv', `${wide(1000)}${'1,'.repeat(999)}1\n`)
    expect((await inspect(session, 'ada/data/t.csv')).columns).toHaveLength(1000)
  }, 120_000)

  test('NUL bytes stay what they are, and nothing becomes U+FFFD', async () => {
    const nul = await built('t.csv', 'a,b\n1,x\0y\n')
    if (nul.warning === '')
      expect(await nul.rows(`select length(b) as n from 'ada/data/t.csv'`)).toEqual([{ n: 3 }])
    const pad = 'x'.repeat(262_144 - 9) // a letter of two bytes lies over the end of a block
    const cut = await built('t.csv', `a,b\n1,${pad}ü${'ü'.repeat(300_000)}\n`)
    expect(await cut.rows(`select contains(b, chr(65533)) as bad from 'ada/data/t.csv'`)).toEqual([
      { bad: false },
    ])
  })
})

describe('Parquet', () => {
  const lying = (at: number, value: number): Uint8Array => {
    const bytes = Buffer.from(parquet)
    bytes.writeUInt32LE(value, bytes.length - at)
    return bytes
  }

  test.each([
    ['H112: truncated', parquet.subarray(0, parquet.length - 100)],
    ['H112: a footer longer than the file', lying(8, 0x7fffffff)],
    ['H112: a footer of nothing', lying(8, 0)],
    ['H112: the magic alone', Buffer.from('PAR1')],
    ['H112: twice the magic', Buffer.from('PAR1PAR1')],
    [
      'H113: a footer of noise',
      Buffer.concat([
        Buffer.from('PAR1'),
        Buffer.alloc(200, 0xfd),
        Buffer.from([200, 0, 0, 0]),
        Buffer.from('PAR1'),
      ]),
    ],
    [
      'H113: lists of 2^31',
      Buffer.concat([
        Buffer.from('PAR1'),
        Buffer.from([0x15, 2, 0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f]),
        Buffer.from([9, 0, 0, 0]),
        Buffer.from('PAR1'),
      ]),
    ],
    ['H114: encrypted', Buffer.concat([parquet.subarray(0, parquet.length - 4), Buffer.from('PARE')])],
  ])('%s: kept as a file, with a warning', async (_name, body) => {
    const before = process.memoryUsage().rss
    expect((await built('t.parquet', body)).warning).toContain('is kept as a file')
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1024 * 1024)
  })

  test('H113: every byte of a footer changed is a table or a warning, and never ends the process', async () => {
    const desk = await tableDesk()
    const length = parquet.readUInt32LE(parquet.length - 8)
    for (let i = 0; i < 60; i++) {
      const bytes = Buffer.from(parquet)
      const at = parquet.length - 8 - length + ((i * 977) % length)
      bytes[at] = (bytes[at] as number) ^ (1 << (i % 8))
      desk.write({ [`data/${String(i)}.parquet`]: bytes })
    }
    const { tables } = await desk.build()
    expect(tables + desk.warnings.length).toBe(60)
  })

  test('H114: exact values of rare types', async () => {
    const desk = await tableDesk()
    const made = desk.session.tables.newPath()
    await desk.session.tables.engine().with((connection) =>
      connection.run(`COPY (SELECT 12345678901234567890123456789012345678::DECIMAL(38,0) AS d,
        18446744073709551615::UBIGINT AS u, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID AS id,
        {'x': [1, NULL], 'y': MAP {'k': 1.5::FLOAT}} AS nested) TO '${made}' (FORMAT parquet)`),
    )
    desk.write({ 'data/t.parquet': readFileSync(made) })
    await desk.build()
    const { columns } = await inspect(desk.session, 'ada/data/t.parquet')
    expect(columns?.map(({ type }) => type)).toEqual([
      'decimal(38,0)',
      'uint64',
      'uuid',
      'struct<x: list<int32>, y: map<utf8, float>>',
    ])
    expect(await desk.rows(`select d, u from 'ada/data/t.parquet'`)).toEqual([
      { d: '12345678901234567890123456789012345678', u: '18446744073709551615' },
    ])
  })
})

describe('pictures', () => {
  test('H116: type by content: a truncated one, one of another name, one that is also a script', async () => {
    expect((await built('t.png', png.subarray(0, 20))).warning).toContain('no picture')
    const gif = Buffer.concat([Buffer.from('GIF89a/*\0\0'), Buffer.from('*/=1;alert(1)')])
    const odd = await built('t.png', gif)
    expect((await inspect(odd.session, 'ada/data/t.png')).mime).toBe('image/gif')
    expect((await built('t.jpg', Buffer.from('<script>'))).warning).toContain('no picture')
  })

  test('H117: an SVG is measured, and no entity of it is read', async () => {
    const svg =
      '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY a "&x;&x;">]><svg width="&a;" viewBox="0 0 3 4"><script>1</script></svg>'
    const { session, warning } = await built('t.svg', svg)
    const shown = await inspect(session, 'ada/data/t.svg')
    expect(`${warning}${JSON.stringify(shown)}`).not.toContain('root:')
    const plain = await built('t.svg', '<svg width="30" height="20"/>')
    expect((await inspect(plain.session, 'ada/data/t.svg')).info).toEqual({
      format: 'svg',
      width: 30,
      height: 20,
    })
  })

  test('H118: Exif: folders that lead to themselves end, places are told when asked for, texts are bounded', () => {
    const tiff = Buffer.alloc(200)
    tiff.write('II*\0', 0, 'latin1')
    tiff.writeUInt32LE(8, 4)
    tiff.writeUInt16LE(3, 8)
    const entry = (i: number, [tag, type, count, value]: readonly [number, number, number, number]): void => {
      tiff.writeUInt16LE(tag, 10 + 12 * i)
      tiff.writeUInt16LE(type, 12 + 12 * i)
      tiff.writeUInt32LE(count, 14 + 12 * i)
      tiff.writeUInt32LE(value, 18 + 12 * i)
    }
    entry(0, [0x0112, 3, 1, 6])
    entry(1, [0x8769, 4, 1, 8]) // the Exif folder is this one
    entry(2, [0x8825, 4, 1, 100]) // places
    tiff.writeUInt16LE(1, 100)
    tiff.writeUInt16LE(1, 102)
    tiff.writeUInt16LE(2, 104)
    tiff.writeUInt32LE(2, 106)
    tiff.write('N\0', 110, 'latin1')
    expect(readExif(tiff, { location: false })).toEqual({ orientation: 6 })
    expect(readExif(tiff, { location: true })).toEqual({ orientation: 6, latitudeRef: 'N' })
    for (let length = 0; length < tiff.length; length++)
      readExif(tiff.subarray(0, length), { location: true })
    entry(0, [0x010f, 2, 0xffffffff, 8])
    expect(readExif(tiff, { location: false })).toBeUndefined()
  })
})

test('an explicit reading that fails is an error that names the file', async () => {
  const desk = await tableDesk()
  desk.write({ 'data/t.csv': 'a\n1\n' })
  await desk.build()
  const { parserNamed } = await import('../../src/package/tables/readings.ts')
  expect(() => parserNamed(desk.session.tables.parsers, 'cvs')).toThrow('there is no parser "cvs"')
  expect(await build(desk.session, { handle: 'ada/data', path: 'data' })).toMatchObject({
    unchanged: true,
    tables: 1,
  })
})
