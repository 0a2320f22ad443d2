// Cells that are read right out of vectors are those that DuckDB's own way gives.
import * as api from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { cellsOf, columnReader } from '../../../src/table/read/cells.ts'

const columns: Readonly<Record<string, string>> = {
  small: '(i % 256 - 128)::TINYINT',
  unsigned: '(i % 200)::UTINYINT',
  whole: 'CASE WHEN i % 7 = 0 THEN NULL ELSE (i - 2500) * 1000000007 END::BIGINT',
  mostly: 'CASE i WHEN 17 THEN 9007199254740993 WHEN 18 THEN -9223372036854775808 ELSE -i END::BIGINT',
  fraction: "CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN 'nan' ELSE (i / 3)::VARCHAR END::DOUBLE",
  single: '(i / 3)::FLOAT',
  short:
    "CASE WHEN i % 3 = 0 THEN NULL ELSE ['', 'a', 'zwölf Bytes!', 'twelve bytes', '日本'][1 + i % 5] END",
  long: "CASE WHEN i % 11 = 0 THEN NULL ELSE 'a text of more than twelve bytes ' || (i % 4)::VARCHAR END",
  same_start: "'one prefix, ' || i::VARCHAR",
  moment: "TIMESTAMP '1969-12-31 23:59:59.999999' + i * INTERVAL 7919 SECOND - INTERVAL 3000 HOUR",
  zoned: "CASE WHEN i % 2 = 0 THEN TIMESTAMPTZ '2024-02-29 12:00:00.5+00' END",
  endless: "CASE WHEN i = 4000 THEN 'infinity' ELSE '2024-01-01' END::TIMESTAMP",
  none: 'NULL::VARCHAR',
  truth: 'i % 2 = 0',
  day: "DATE '2024-01-01' + i::INTEGER",
}

test('numbers, texts and times, with and without values, are as DuckDB gives them one by one', async () => {
  const instance = await api.DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'")
  const list = Object.entries(columns).map(([name, sql]) => `${sql} AS ${name}`)
  const result = await connection.stream(`SELECT ${list.join(', ')} FROM range(5000) t(i)`)
  const readers = result.columnTypes().map((type) => columnReader(api, type))
  let rows = 0
  for (let chunk = await result.fetchChunk(); chunk?.rowCount; chunk = await result.fetchChunk()) {
    const cells = cellsOf(chunk, readers)
    for (const [at, name] of Object.keys(columns).entries()) {
      const own = chunk.getColumnValues(at)
      expect([name, rows, cells[at]]).toEqual([name, rows, own.map(plain)])
    }
    rows += chunk.rowCount
  }
  expect(rows).toBe(5000)
  instance.closeSync()
})

function plain(value: api.DuckDBValue): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (value instanceof api.DuckDBDateValue) return new Date(value.days * 86_400_000)
  if (value instanceof api.DuckDBTimestampValue || value instanceof api.DuckDBTimestampTZValue)
    return value.isFinite ? new Date(Math.floor(Number(value.micros) / 1000)) : value.toString()
  return value
}
