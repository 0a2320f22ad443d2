// Tables from files to answers: what build makes, inspect shows, sql asks, install brings, gc keeps.
import { gzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { GroupEntry } from '../../../src/core/model/entry.ts'
import type { Id } from '../../../src/core/model/id.ts'
import { parseHandle } from '../../../src/core/model/revision.ts'
import { derivedEntries } from '../../../src/core/tree/entries.ts'
import { nodeReader } from '../../../src/core/tree/node.ts'
import { build } from '../../../src/package/build.ts'
import { needRevision } from '../../../src/package/names/installed.ts'
import { tablePlace } from '../../../src/package/tables/open-table.ts'
import { gc } from '../../../src/package/gc.ts'
import { inspect } from '../../../src/package/inspect.ts'
import { install } from '../../../src/package/exchange/install.ts'
import { push } from '../../../src/package/exchange/push.ts'
import { verify } from '../../../src/package/verify.ts'
import { sql, sqlTo } from '../../../src/package/tables/sql.ts'
import { verifyViews } from '../../../src/package/tables/verify-views.ts'
import type { Batch } from '../../../src/plugins/api.ts'
import { tableDesk } from '../../support/table-session.ts'

/** Rows of a CSV of about this many bytes. */
function manyRows(bytes: number): string[] {
  const rows = ['id,name,value,day\n']
  for (let i = 0, size = 0; size < bytes; i++) {
    const row = `${String(i)},"name, ${String((i * 7919) % 10007)}",${String(i / 4)},2024-01-${String((i % 28) + 1).padStart(2, '0')}\n`
    size += row.length
    rows.push(row)
  }
  return rows
}

describe('a build', () => {
  test('finds the narrowest type of every column in all rows', async () => {
    const desk = await tableDesk()
    const lines = [
      'int,gap,big,float,zip,day,time,zoned,clock,flag,text,none',
      '1,7,12345678901234567890,1.5,00501,2024-02-29,2024-01-01 10:00:00,2024-01-01T10:00:00+02:00,23:59:59,true,a,',
      '-9223372036854775808,,-1,2,10001,2024-01-01,2024-01-01T11:00,2024-01-01T10:00:00Z,00:00:00.5,FALSE,1,',
      '9223372036854775807,NA,0,-1e3,99501,1970-01-01,2024-01-02,2024-06-01 00:00:00-05,12:00:00,True,,',
    ]
    desk.write({ 'data/t.csv': `${lines.join('\n')}\n` })
    expect(await desk.build()).toMatchObject({ files: 1, tables: 1 })
    const { children } = await inspect(desk.session, 'ada/data')
    expect(children?.[0]).toMatchObject({ type: 'table', parser: 'csv', rows: 3, name: 't.csv' })
    expect(Object.fromEntries((children?.[0]?.columns ?? []).map(({ name, type }) => [name, type]))).toEqual({
      int: 'int64',
      gap: 'int64',
      big: 'decimal(38,0)',
      float: 'double',
      zip: 'utf8',
      day: 'date32',
      time: 'timestamp[us]',
      zoned: 'timestamp[us, UTC]',
      clock: 'time64[us]',
      flag: 'bool',
      text: 'utf8',
      none: 'utf8',
    })
    expect(await desk.rows(`select * from 'ada/data/t.csv'`)).toEqual([
      expect.objectContaining({
        int: 1,
        gap: 7,
        big: '12345678901234567890',
        zip: '00501',
        day: '2024-02-29',
      }),
      expect.objectContaining({ int: '-9223372036854775808', gap: null, float: 2, flag: false, text: '1' }),
      expect.objectContaining({
        int: '9223372036854775807',
        gap: null,
        float: -1000,
        text: null,
        none: null,
      }),
    ])
    expect(desk.warnings).toEqual([])
  })

  test('one row more in a large table makes one part anew, and the top hash does not depend on views', async () => {
    const desk = await tableDesk()
    const rows = manyRows(24 * 1024 * 1024)
    desk.write({ 'data/t.csv': rows.join('') })
    const first = await desk.build()
    const plain = await tableDesk()
    plain.write({ 'data/t.csv': rows.join('') })
    expect(await plain.build({ tables: false })).toMatchObject({ topHash: first.topHash, tables: 0 })

    rows.splice(rows.length / 2, 0, '-1,"new",0.5,2024-01-01\n')
    desk.write({ 'data/t.csv': rows.join('') })
    const second = await desk.build()
    expect(second.newBytes).toBeLessThan(first.newBytes / 2)
    expect(
      await desk.rows(
        `select count(*) as n, min(id) as least, count(distinct id) as ids from 'ada/data/t.csv'`,
      ),
    ).toEqual([{ n: rows.length - 1, least: -1, ids: rows.length - 1 }])
    // As if it had been made at once:
    const fresh = await tableDesk()
    fresh.write({ 'data/t.csv': rows.join('') })
    await fresh.build()
    // In the order of the file's rows, which an aggregate over several threads does not keep.
    for (const one of [desk, fresh])
      await sqlTo(one.session, `from 'ada/data/t.csv'`, { path: 'all.csv', format: 'csv' })
    const all = readFileSync(`${desk.root}/all.csv`)
    expect(all.equals(readFileSync(`${fresh.root}/all.csv`))).toBe(true)
    expect(all.toString().split('\n')).toHaveLength(rows.length + 1)

    rows[1] = 'x,"text now",0,2024-01-01\n' // the type of a column changes: every part is made for it
    desk.write({ 'data/t.csv': rows.join('') })
    await desk.build()
    expect(await desk.rows(`select typeof(id) as t, count(*) as n from 'ada/data/t.csv' group by 1`)).toEqual(
      [{ t: 'VARCHAR', n: rows.length - 1 }],
    )
    expect((await verify(desk.session, [], {})).problems).toEqual([])
    await gc(desk.session, {})
    expect((await verify(desk.session, [], {})).problems).toEqual([])
  }, 120_000)

  test('an unchanged table is not parsed again, nor one that comes back', async () => {
    const desk = await tableDesk()
    desk.write({ 'data/a.csv': 'x\n1\n', 'data/b.csv': 'x\n2\n' })
    await desk.build()
    desk.write({ 'data/a.csv': 'x\n3\n' })
    await desk.build()
    const parsers = desk.session.tables.parsers.map((one) => ({
      ...one,
      load: async () => ({
        ...(await one.load()),
        read: () => Promise.reject(new Error('a parser was asked')),
      }),
    }))
    const session = { ...desk.session, tables: { ...desk.session.tables, parsers } }
    desk.write({ 'data/a.csv': 'x\n1\n' })
    expect(await build(session, { handle: 'ada/data', path: 'data' })).toMatchObject({
      tables: 2,
      unchanged: false,
    })
    expect(
      await desk.rows(`select x from 'ada/data/a.csv' union all select x from 'ada/data/b.csv'`),
    ).toEqual([{ x: 1 }, { x: 2 }])
    desk.write({ 'data/a.csv': 'x\n4\n' })
    await expect(build(session, { handle: 'ada/data', path: 'data' })).rejects.toThrow('a parser was asked')
  })

  test('a view goes when its file is read in another way, unless another file is read so', async () => {
    const desk = await tableDesk()
    const readings = async (): Promise<readonly string[]> => {
      const { objects } = (await desk.session.local()).repository
      const { revision } = tablePlace(desk.session, await needRevision(desk.session, parseHandle('ada/data')))
      const found: string[] = []
      for await (const entry of derivedEntries(nodeReader(objects), revision.commit.derived as Id)) {
        const { parser, version, options } = (entry as GroupEntry).meta ?? {}
        found.push(JSON.stringify([parser, version, options]))
      }
      return found.sort()
    }
    const said = async (...nodes: readonly string[]): Promise<void> => {
      desk.write({ 'data/t.csv': 'a;b\n1;2\n', 'data/build.yml': `contents:\n  ${nodes.join('\n  ')}\n` })
      await desk.build()
    }
    await said('t: { file: t.csv, transform: csv }', 'u: { file: t.csv, transform: csv }')
    expect(await readings()).toEqual(['["csv","1",{}]'])
    await said('t: { file: t.csv, transform: ssv }', 'u: { file: t.csv, transform: csv }')
    expect(await readings()).toEqual(['["csv","1",{}]', '["ssv","1",{}]'])
    expect(await desk.rows(`select * from 'ada/data/t'`)).toEqual([{ a: 1, b: 2 }])
    await said('t: { file: t.csv, transform: ssv }', 'u: { file: t.csv, transform: ssv }')
    expect(await readings()).toEqual(['["ssv","1",{}]'])
    await said('t: { file: t.csv, transform: ssv }', 'u: { file: t.csv, transform: id }')
    expect(await readings()).toEqual(['["ssv","1",{}]'])
    await said(
      'v: { file: t.csv, transform: id }',
      'w: { file: t.csv, transform: csv, kwargs: { sep: ";" } }',
    )
    expect(await readings()).toEqual(['["csv","1",{"sep":";"}]'])

    const parsers = desk.session.tables.parsers.map((one) => ({
      ...one,
      load: async () => ({ ...(await one.load()), version: '2' }),
    }))
    const session = { ...desk.session, tables: { ...desk.session.tables, parsers } }
    await build(session, { handle: 'ada/data', path: 'data' }, { force: true })
    expect(await readings()).toEqual(['["csv","2",{"sep":";"}]'])
  })

  test('what cannot be read is kept as a file with a warning, and as bytes with --no-tables', async () => {
    const desk = await tableDesk()
    desk.write({ 'data/bad.csv': 'a,b\n1\n', 'data/good.csv': 'a,b\n1,2\n' })
    expect(await desk.build()).toMatchObject({ files: 2, tables: 1 })
    expect(desk.warnings).toEqual([
      'bad.csv is kept as a file, without a table: line 2, column 2: the row has 1 cells, and the file has 2 columns',
    ])
    await expect(desk.rows(`from 'ada/data/bad.csv'`)).rejects.toThrow(/no table/)
    await expect(sql(desk.session, `from 'ada/data/nope.csv'`)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('many small tables are made at once, and what is wrong is told file by file, in their order', async () => {
    const desk = await tableDesk()
    const files: Record<string, string> = {}
    for (let i = 0; i < 40; i++) files[`data/t${String(i).padStart(2, '0')}.csv`] = `a,b\n${String(i)},x\n`
    const bad = ['data/t03.csv', 'data/t04.csv', 'data/t21.csv']
    for (const path of bad) files[path] = 'a,b\n1,2,3\n'
    desk.write({ ...files, 'data/t30.csv': files['data/t31.csv'] as string })
    expect(await desk.build()).toMatchObject({ files: 40, tables: 36 }) // two are the same, and have one view
    expect(desk.warnings.map((text) => text.slice(0, 7))).toEqual(['t03.csv', 't04.csv', 't21.csv'])
    const sums = await desk.rows(`select sum(a) as n, count(*) as rows from 'ada/data'`)
    expect(sums).toEqual([{ n: (39 * 40) / 2 - 3 - 4 - 21 + 1, rows: 37 }])
  })

  test('a table that is gone takes its view with it, and gc what it held', async () => {
    const desk = await tableDesk()
    desk.write({ 'data/t.csv': manyRows(5 * 1024 * 1024).join(''), 'data/u.csv': 'a\n1\n' })
    await desk.build()
    const { rmSync } = await import('node:fs')
    rmSync(`${desk.root}/data/t.csv`)
    const { commit, tables } = await desk.build()
    expect(tables).toBe(1)
    const { rawLsTree } = await import('../../../src/library/plumbing.ts')
    const { readCommit } = await import('../../../src/core/history/commits.ts')
    const { objects } = (await desk.session.local()).repository
    const { derived } = await readCommit(objects, commit as NonNullable<typeof commit>)
    const lines = await rawLsTree(String(derived), { session: desk.session })
    expect(lines).toHaveLength(1)
  })
})

describe('sql', () => {
  test('joins packages and revisions, reads a group as one, and writes files', async () => {
    const desk = await tableDesk()
    desk.write({
      'data/days/mon.csv': 'k,v\n1,a\n',
      'data/days/tue.csv': 'k,v\n2,b\n',
      'data/n.json': '[{"k":1,"w":[1,2]}]',
    })
    const first = await desk.build()
    desk.write({ 'data/days/mon.csv': 'k,v\n1,a\n3,c\n' })
    await desk.build()
    expect(
      await desk.rows(`with w as (select * from 'ada/data/n.json')
        select d.k, v, w from 'ada/data/days' d left join w using (k) order by k`),
    ).toEqual([
      { k: 1, v: 'a', w: [1, 2] },
      { k: 2, v: 'b', w: null },
      { k: 3, v: 'c', w: null },
    ])
    const old = `ada/data/days/mon.csv@${first.topHash.slice(0, 12)}`
    expect(await desk.rows(`from 'ada/data/days/mon.csv' except from '${old}'`)).toEqual([{ k: 3, v: 'c' }])
    await sqlTo(desk.session, `from 'ada/data/days' order by k`, { path: 'out.csv', format: 'csv' })
    expect(readFileSync(`${desk.root}/out.csv`, 'utf8')).toBe('k,v\n1,a\n2,b\n3,c\n')
  })

  test.each([
    ["copy (select 1) to 'x'", 'only a SELECT can be asked'],
    ['select 1; select 2', 'one statement at a time'],
    ["select * from read_csv('/etc/passwd')", 'the function read_csv cannot be used'],
    ["from '/etc/passwd'", 'invalid package'],
    ["from 'x.parquet'", 'there is no table "x.parquet"'],
    ["select * from enable_logging('QueryLog')", 'the function enable_logging'],
    ['selec 1', 'no SQL'],
    ["select current_setting('temp_directory'), nope from range(1)", 'nope'],
  ])('refuses %s', async (query, message) => {
    const desk = await tableDesk()
    await expect(sql(desk.session, query)).rejects.toThrow(message)
  })
})

test('an install of a part brings the views of its files, and no others', async () => {
  const ada = await tableDesk()
  ada.write({ 'data/a/t.csv': 'x\n1\n', 'data/b/u.csv': 'x\n2\n' })
  await ada.build()
  await push(ada.session, 'ada/data', { remote: `${ada.root}/shared` })
  const ben = await tableDesk(ada.root, 'ben')
  await install(ben.session, 'ada/data/a', { remote: `${ada.root}/shared` })
  const parsers = ben.session.tables.parsers.map((one) => ({
    ...one,
    load: () => Promise.reject(new Error('none')),
  }))
  const session = { ...ben.session, tables: { ...ben.session.tables, parsers } }
  const shown = await inspect(session, 'ada/data')
  expect(shown.children?.map((group) => group.children?.[0]?.type)).toEqual(['table', 'file'])
  expect(await ben.rows(`from 'ada/data/a/t.csv'`)).toEqual([{ x: 1 }])
  expect((await verify(ben.session, [], {})).problems).toEqual([])
  await gc(ben.session, {})
  expect(await ben.rows(`from 'ada/data/a/t.csv'`)).toEqual([{ x: 1 }])
  expect(await ben.rows(`from 'ada/data/b/u.csv'`)).toEqual([{ x: 2 }]) // fetched when touched
})

test('packed text, other line ends and encodings read as plain text does', async () => {
  const desk = await tableDesk()
  const text = 'a,b\n1,"x\ny"\n2,ü\n'
  desk.write({
    'data/plain.csv': text,
    'data/packed.csv.gz': gzipSync(text),
    'data/crlf.csv': text.replaceAll('\n', '\r\n'),
    'data/mixed.csv': 'a,b\r\n1,"x\ny"\n2,ü\r\n',
    'data/cr.csv': 'a,b\r1,x\r2,y\r',
    'data/wide.csv': Buffer.from(`\ufeff${text}`, 'utf16le'),
    'data/bom.csv': `\ufeff${text}`,
  })
  expect(await desk.build()).toMatchObject({ files: 7, tables: 7 })
  const expected = await desk.rows(`from 'ada/data/plain.csv'`)
  expect(expected).toEqual([
    { a: 1, b: 'x\ny' },
    { a: 2, b: 'ü' },
  ])
  for (const name of ['packed.csv.gz', 'mixed.csv', 'wide.csv', 'bom.csv'])
    expect(await desk.rows(`from 'ada/data/${name}'`), name).toEqual(expected)
  expect(await desk.rows(`select a, replace(b, chr(13), '') as b from 'ada/data/crlf.csv'`)).toEqual(expected)
  expect(await desk.rows(`select count(*) as n from 'ada/data/cr.csv'`)).toEqual([{ n: 2 }])
})

test('views made again have the same rows; one that has others is told', async () => {
  const desk = await tableDesk()
  desk.write({ 'data/a.csv': 'x,y\n1,a\n2,b\n', 'data/b.json': '[{"k":1}]', 'data/c.txt': 'text' })
  await desk.build()
  expect(await verifyViews(desk.session, [])).toEqual({ views: 2, problems: [] })
  const parsers = desk.session.tables.parsers.map((one) => ({
    ...one,
    load: async () => {
      const parser = await one.load()
      return {
        ...parser,
        read: () =>
          Promise.resolve({
            kind: 'rows' as const,
            columns: [
              { name: 'x', type: 'int64', nullable: true },
              { name: 'y', type: 'utf8', nullable: true },
            ],
            batches: () =>
              [
                {
                  length: 2,
                  columns: [
                    [1n, 3n],
                    ['a', 'b'],
                  ],
                },
              ] as unknown as AsyncIterable<Batch>,
          }),
      }
    },
  }))
  const session = { ...desk.session, tables: { ...desk.session.tables, parsers } }
  const { problems } = await verifyViews(session, ['ada/data'])
  expect(problems).toEqual([
    { path: 'ada/data/a.csv', message: 'there are other rows' },
    { path: 'ada/data/b.json', message: 'the columns are others' },
  ])
})
