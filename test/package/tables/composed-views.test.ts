// Parts of other packages come with the views that these have.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { build } from '../../../src/package/build.ts'
import { inspect } from '../../../src/package/inspect.ts'
import { tableDesk } from '../../support/table-session.ts'

test('a composed part is not parsed again, and what is new beside it is', async () => {
  const desk = await tableDesk()
  desk.write({ 'data/a.csv': 'n,m\n1,2\n3,4\n', 'data/deep/b 1.json': '[{"x":1},{"x":2}]' })
  await desk.build()
  desk.write({
    'made/build.yml': 'contents:\n  whole: { package: ada/data }\n  one: { package: ada/data/a.csv }\n',
  })
  const refuse = (): Promise<never> => Promise.reject(new Error('a table is made'))
  const { tables } = desk.session
  const watching = {
    ...desk.session,
    tables: { ...tables, engine: () => ({ ...tables.engine(), with: refuse, connect: refuse }) },
  }
  const path = join(desk.root, 'made')
  const made = await build(watching, { handle: 'ada/made', path })
  expect(made).toMatchObject({ tables: 2, files: 3 })
  expect(await desk.rows(`FROM 'ada/made/whole/a.csv'`)).toEqual([
    { n: 1, m: 2 },
    { n: 3, m: 4 },
  ])
  expect(await desk.rows(`SELECT sum(x)::INTEGER AS x FROM 'ada/made/whole/deep'`)).toEqual([{ x: 3 }])
  desk.write({
    'made/build.yml': 'contents:\n  whole: { package: ada/data }\n  new: { file: new.csv }\n',
    'made/new.csv': 'k\n7\n',
  })
  await expect(build(watching, { handle: 'ada/made', path })).rejects.toThrow('a table is made')
  expect(await build(desk.session, { handle: 'ada/made', path })).toMatchObject({ tables: 3 })
  expect(await desk.rows(`FROM 'ada/made/new'`)).toEqual([{ k: 7 }])
})

test('a node by itself says what it also answers to, as in its folder', async () => {
  const desk = await tableDesk()
  desk.write({
    'data/deep/b 1.csv': 'x\n1\n',
    'data/deep/same.csv': 'x\n1\n',
    'data/deep/same.json': '{}',
    'data/plain': '',
  })
  await desk.build()
  const deep = await inspect(desk.session, 'ada/data/deep')
  for (const child of deep.children ?? [])
    expect(await inspect(desk.session, `ada/data/deep/${child.name}`)).toMatchObject(child)
  expect((await inspect(desk.session, 'ada/data/deep/b 1.csv')).alias).toBe('b_1')
  expect((await inspect(desk.session, 'ada/data/plain')).alias).toBeUndefined()
})
