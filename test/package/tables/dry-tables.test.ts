// A dry run reads what a build file says to read: what a build would find wrong there, it finds.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { build } from '../../../src/package/build.ts'
import { check } from '../../../src/package/check.ts'
import { tableDesk } from '../../support/table-session.ts'

const ragged = 'a,b\n1,2\n3\n'

test('a file that cannot be read as the build file says fails in a dry run and in check, with line and column', async () => {
  const desk = await tableDesk()
  desk.write({ 'data/build.yml': 'contents:\n  t: { file: t.csv, transform: csv }\n', 'data/t.csv': ragged })
  const path = 'data'
  const real: unknown = await desk.build().catch((error: unknown) => error)
  expect(real).toMatchObject({ code: 'INVALID', message: expect.stringContaining('line 3') as string })
  const { message } = real as Error
  await expect(desk.build({ dryRun: true })).rejects.toThrow(message)
  expect(await check(desk.session, path)).toEqual({
    ok: false,
    problems: [
      {
        file: 'data/build.yml',
        line: 2,
        column: 3,
        message: expect.stringMatching(/^"t" .*: line 3/) as string,
      },
    ],
  })
  expect(await desk.build({ dryRun: true, tables: false })).toMatchObject({ commit: undefined })

  desk.write({ 'data/t.csv': 'a,b\n1,2\n' })
  expect(await check(desk.session, path)).toMatchObject({ ok: true })
  await desk.build()
  expect(await desk.build({ dryRun: true })).toMatchObject({ unchanged: true })
  desk.write({ 'data/t.csv': ragged })
  await expect(desk.build({ dryRun: true })).rejects.toThrow(message)
})

test('all files that cannot be read are told, with the checks that fail, each where the build file names it', async () => {
  const desk = await tableDesk()
  const contents = ['a: { file: a.csv, transform: csv }', 'b: { file: b.csv, transform: csv, checks: many }']
  contents.push(
    'c: { file: c.csv, transform: csv }',
    'd: { file: d.csv, checks: many }',
    'e: { file: a.csv }',
  )
  const text = `checks:\n  many: rows > 5\ncontents:\n  ${contents.join('\n  ')}\n`
  desk.write({ 'data/build.yml': text, 'data/a.csv': ragged, 'data/b.csv': ragged, 'data/c.csv': 'a\n"1\n' })
  desk.write({ 'data/d.csv': 'a\n1\n' })
  const { ok, problems } = await check(desk.session, 'data')
  expect(ok).toBe(false)
  expect(problems.map(({ line, message }) => [line, /^"?(\w+)/.exec(message)?.[1]])).toEqual([
    [4, 'a'],
    [5, 'b'],
    [6, 'c'],
    [7, 'd'],
  ])
  await expect(desk.build()).rejects.toMatchObject({ code: 'INVALID', problems })
})

test('what is read by its name alone would be kept as a file, which is no error', async () => {
  const desk = await tableDesk()
  desk.write({ 'data/t.csv': ragged, 'mix/build.yml': 'contents:\n  part: { package: ada/data }\n' })
  expect(await desk.build({ dryRun: true })).toMatchObject({ commit: undefined })
  await desk.build()
  const mixed = { handle: 'ada/mix', path: join(desk.root, 'mix') }
  expect(await build(desk.session, mixed, { dryRun: true })).toMatchObject({ files: 1 })
})
