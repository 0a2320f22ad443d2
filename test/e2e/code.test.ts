// Data in code as a user's project has it: the package in node_modules, the examples of examples/code, modules.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { person, repositoryFolder } from '../support/built-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'quilt-code-'))
const examples = join(repositoryFolder, 'examples')
const ada = person(folder, folder)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

beforeAll(() => {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(repositoryFolder, join(folder, 'node_modules', 'quilt-ts'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  cpSync(join(examples, 'code'), folder, { recursive: true })
  ada.json('build', 'ada/nature', join(examples, 'v1'))
  ada.json('version', 'add', 'ada/nature', '1.0', 'latest', '--yes')
})

function node(...argv: readonly string[]): {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
} {
  return spawnSync(process.execPath, argv, { cwd: folder, env: ada.env, encoding: 'utf8', timeout: 60_000 })
}

test('examples/code/read.js reads a package', () => {
  const { status, stdout, stderr } = node('read.js')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain('2012-01-01T00:00:00.000Z drizzle\n')
  expect(stdout).toContain('ada/nature/weather/seattle.csv@1.0 1430\n')
  expect(stdout).toContain('[ { days: 636 } ]\nimage/png\n')
})

test('examples/code/import.js imports a package, its nodes by name and alias', () => {
  const { status, stdout, stderr } = node('--import', 'quilt-ts/register', 'import.js')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain('ada/nature@1.0 [')
  expect(stdout).toMatch(/^1430 \d+$/m)
})

test('examples/code/edit.js changes a package and builds another', () => {
  const { status, stdout, stderr } = node('edit.js')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/^ada\/windy 10 8$/m)
  const { children } = ada.json<{ readonly children: readonly { readonly name: string }[] }>(
    'inspect',
    'ada/windy',
  )
  expect(children.map(({ name }) => name)).toContain('airfields.csv')
  ada.json('rm', 'ada/windy', '--yes')
})

test('a package that is not there ends the import with what to do', () => {
  writeFileSync(join(folder, 'none.js'), "import 'quilt:ada/none'")
  const { status, stderr } = node('--import', 'quilt-ts/register', 'none.js')
  expect(status).toBe(1)
  expect(stderr).toContain('package ada/none is not installed')
  expect(stderr).toContain('quilt install ada/none')
  expect(stderr).not.toMatch(/^\s+at /m)
})

function tsc(...files: readonly string[]): string {
  const flags = [
    '--noEmit',
    '--strict',
    '--target',
    'es2022',
    '--lib',
    'es2022,esnext.disposable',
    '--module',
    'nodenext',
    '--types',
    'node',
  ]
  const typeRoots = ['--typeRoots', join(repositoryFolder, 'node_modules', '@types')]
  return node(
    join(repositoryFolder, 'node_modules', 'typescript', 'bin', 'tsc'),
    ...flags,
    ...typeRoots,
    ...files,
  ).stdout
}

test('quilt types declares packages, nodes and columns for load and for modules', () => {
  expect(ada.json('types', 'ada/nature@1.0')).toMatchObject({ handles: ['ada/nature@1.0'] })
  expect(readFileSync(join(folder, 'quilt.d.ts'), 'utf8')).toContain('"temp_max": number;')
  expect(tsc('typed.ts', 'quilt.d.ts')).toBe('')
  writeFileSync(
    join(folder, 'wrong.ts'),
    "import { weather } from 'quilt:ada/nature@1.0'\nfor await (const row of weather.seattle.rows()) row.temp_maxi\nweather.portland",
  )
  const wrong = tsc('wrong.ts', 'quilt.d.ts')
  expect(wrong).toContain("Property 'temp_maxi' does not exist")
  expect(wrong).toContain("Property 'portland' does not exist")
  expect(ada.json('types')).toMatchObject({ handles: ['ada/nature', 'ada/nature@1.0'] })
  const { status, stderr } = ada.run('types', 'ada/nature/weather')
  expect({ status, stderr }).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('names a node') as string,
  })
})

test('names that would be code are names in modules and declarations', () => {
  const names = [
    'a";process.exit(9);"',
    'b*',
    'c\nd',
    'default',
    'then',
    'class',
    'get',
    '${process.exit(9)}',
    'é',
    '__proto__',
  ]
  mkdirSync(join(folder, 'odd'))
  for (const name of names) writeFileSync(join(folder, 'odd', name), name)
  ada.json('build', 'ada/odd', join(folder, 'odd'))
  writeFileSync(
    join(folder, 'odd.js'),
    `import * as odd from 'quilt:ada/odd'\nfor (const name of await odd.default.keys())\n  console.log(JSON.stringify([name, await (odd[name] ?? await odd.default.get(name)).type, name === 'default' || await odd[name]?.text() === name]))`,
  )
  const { status, stdout, stderr } = node('--import', 'quilt-ts/register', 'odd.js')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as readonly unknown[])
  expect(lines).toHaveLength(names.length)
  expect(lines.filter(([, , same]) => same !== true)).toEqual([['then', 'file', false]])
  ada.json('types', 'ada/odd')
  writeFileSync(
    join(folder, 'odd.ts'),
    "import odd, { get } from 'quilt:ada/odd'\nawait get.text()\nawait odd['c\\nd'].text()",
  )
  expect(tsc('odd.ts', 'quilt.d.ts')).toBe('')
})
