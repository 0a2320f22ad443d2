// Tables through the built command line: what people see, what scripts read, and one error of each kind.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { person, program, repositoryFolder } from '../support/built-cli.ts'
import { tempDir } from '../support/temp-dir.ts'

const v1 = join(repositoryFolder, 'examples', 'v1')

test('build, inspect and sql: for people, for scripts, into files', () => {
  const root = tempDir()
  const ada = person(join(root, 'ada'), root)
  expect(ada.json('build', 'ada/nature', v1)).toMatchObject({ files: 10, tables: 7 })
  const shown = ada.json<{ type: string; rows: number; columns: object[] }>(
    'inspect',
    'ada/nature/earth/co2.csv',
  )
  expect(shown).toMatchObject({ type: 'table', parser: 'csv', rows: 737 })
  expect(shown.columns).toContainEqual({ name: 'CO2', type: 'double', nullable: true })
  expect(ada.run('inspect', 'ada/nature/earth/co2.csv').stdout).toMatch(
    /737 rows, 3 columns\)\ncolumn +type\nDate +date32\n/,
  )

  const query = `select count(*) as n, max("CO2") as most from 'ada/nature/earth/co2.csv'`
  expect(ada.json('sql', query)).toEqual([{ n: 737, most: expect.any(Number) as number }])
  expect(ada.run('sql', query, '--format', 'csv').stdout).toMatch(/^n,most\n737,4\d\d\.\d+\n$/)
  expect(ada.run('sql', query).stdout).toMatch(/^ *n +most\n *737 +4/)
  const { file } = ada.json<{ file: string }>('sql', query, '--output', 'most.parquet')
  expect(readFileSync(file).subarray(0, 4).toString()).toBe('PAR1')
  expect(ada.json('verify', 'ada/nature', '--views')).toMatchObject({
    problems: [],
    views: 8,
    viewProblems: [],
  })

  const bad = ada.run('sql', 'drop table x', '--json')
  expect([bad.status, JSON.parse(bad.stderr)]).toMatchObject([2, { error: { code: 'INVALID' } }])
  expect(ada.run('sql', `from 'ada/nature/README.md'`).status).toBe(3)
  const two = ada.run('sql', query, '--json', '--format', 'csv')
  expect([two.status, two.stderr]).toEqual([2, expect.stringContaining('are two formats')])
  for (const name of ['nowhere/most.csv', 'nowhere/most.arrow']) {
    const { status, stderr } = ada.run('sql', query, '--output', name)
    expect([status, stderr]).toEqual([3, expect.stringMatching(/cannot write ".*nowhere.most/)])
  }
  expect(ada.run('sql', `from 'ada/none/x.csv'`).stderr).toContain('is not installed')
})

test('build --no-tables keeps bytes only, and build --force makes what is missing', () => {
  const root = tempDir()
  const ada = person(join(root, 'ada'), root)
  const plain = ada.json<{ topHash: string }>('build', 'ada/nature', v1, '--no-tables')
  expect(plain).toMatchObject({ tables: 0 })
  expect(ada.json('build', 'ada/nature', v1, '--force')).toMatchObject({ tables: 7, topHash: plain.topHash })
})

test('diff --rows says by its status whether rows differ, for people and for scripts', () => {
  const root = tempDir()
  const ada = person(join(root, 'ada'), root)
  for (const rows of ['1,red\n2,white\n', '1,red\n3,white\n']) {
    writeFileSync(join(root, 'a.csv'), `id,colour\n${rows}`)
    ada.json('build', 'ada/wine/a.csv', 'a.csv')
  }
  const diff = ['diff', 'ada/wine', '--rows', 'a.csv', '--exit-code']
  expect(ada.run(...diff)).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('removed   2') as string,
  })
  const told = ada.run(...diff, '--json')
  expect([told.status, JSON.parse(told.stdout)]).toMatchObject([
    1,
    [{ change: 'removed' }, { change: 'added' }],
  ])
  expect(ada.run('diff', 'ada/wine').stdout).toContain('a.csv: 1 row added, 1 removed')
  const same = ada.run('diff', 'ada/wine', '@latest', ...diff.slice(2))
  expect(same).toMatchObject({ status: 0, stdout: '', stderr: 'no differences\n' })
})

test('Ctrl-C interrupts a statement that runs: 130, in order, and nothing half-written', async () => {
  const root = tempDir()
  const ada = person(join(root, 'ada'), root)
  const long = 'select sum(a.range * b.range) as n from range(1000000) a, range(1000000) b'
  const argv = [program, 'sql', long, '--output', 'n.parquet']
  const child = spawn(process.execPath, argv, { env: ada.env, cwd: root })
  let told = ''
  child.stderr.on('data', (text: Buffer) => (told += text.toString()))
  await vi.waitFor(() => expect(readdirSync(root).join(' ')).toContain('n.parquet.'), {
    timeout: 20_000,
    interval: 20,
  })
  child.kill('SIGINT')
  const [status] = (await once(child, 'exit')) as [number]
  expect([status, told]).toEqual([130, expect.stringContaining('interrupted')])
  // Had it been ended by force, the unfinished file and the engine's folder would still be there.
  expect(readdirSync(root)).toEqual(['ada'])
  const store = join(ada.env['HOME'] as string, '.local', 'share', 'quilt', 'store')
  expect(readdirSync(join(store, 'cache', 'scratch'))).toEqual([])
}, 30_000)
