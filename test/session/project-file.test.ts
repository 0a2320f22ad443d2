// A project's configuration is data: whatever lies in the folder that one works in, none of it is run.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findProjectFile } from '../../src/session/project-file.ts'
import { person } from '../support/built-cli.ts'
import { tempDir } from '../support/temp-dir.ts'

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}

const find = (folder: string): unknown => findProjectFile(folder, () => undefined)

describe('a project file', () => {
  test('is the nearest that says something, in the order that is told', () => {
    const root = tempDir()
    write(root, {
      '.quiltrc': 'remote: a',
      'a/package.json': '{"name":"x"}',
      'a/.quiltrc.yaml': '',
      'a/b/.keep': '',
    })
    expect(find(join(root, 'a', 'b'))).toEqual({ path: join(root, '.quiltrc'), config: { remote: 'a' } })
    write(root, { 'a/quilt.config.yml': 'remote: b' })
    expect(find(join(root, 'a', 'b'))).toMatchObject({ config: { remote: 'b' } })
    write(root, { 'a/package.json': '{"quilt":{"remote":"c"}}' })
    expect(find(join(root, 'a', 'b'))).toMatchObject({ config: { remote: 'c' } })
  })

  test.each(['{', 'remote: [', '{"a":1}}', '!!js/function "x"', '['.repeat(100_000)])(
    '%.20j is refused',
    (text) => {
      const root = tempDir()
      write(root, { '.quiltrc.json': text, 'ok/quilt.config.yaml': text })
      for (const folder of [root, join(root, 'ok')])
        expect(() => find(folder)).toThrow(expect.objectContaining({ code: 'INVALID' }))
    },
  )

  test('that is damaged is named, with why and what to do', () => {
    const root = tempDir()
    write(root, { 'a/package.json': '{', 'b/.quiltrc': 'remote: [' })
    for (const path of ['a/package.json', 'b/.quiltrc'])
      expect(() => find(join(root, path, '..'))).toThrow(
        expect.objectContaining({
          message: expect.stringMatching(/cannot be read: (?!JSON Error|YAML Error)\S/) as string,
          hint: 'mend the file, or remove it',
        }),
      )
  })

  test('that is a folder, a pipe or a dangling link is none; one of 20 MB is refused', () => {
    const root = tempDir()
    write(root, { 'a/.quiltrc/x': '', 'b/.quiltrc': '' })
    symlinkSync('nowhere', join(root, 'a', '.quiltrc.json'))
    execFileSync('mkfifo', [join(root, 'a', '.quiltrc.yaml')])
    expect(find(join(root, 'a'))).toBeUndefined()
    truncateSync(join(root, 'b', '.quiltrc'), 20_000_000)
    expect(() => find(join(root, 'b'))).toThrow(/larger than 16 MiB/)
  })

  test('with aliases of aliases takes no more than it is long', () => {
    const root = tempDir()
    const laughs = Array.from(
      { length: 40 },
      (_, i) => `a${String(i + 1)}: &a${String(i + 1)} [*a${String(i)}, *a${String(i)}]`,
    )
    write(root, { '.quiltrc': ['a0: &a0 ha', ...laughs].join('\n') })
    expect(find(root)).toBeDefined()
  })
})

test('H136: code in the folder that one works in is never run, by whichever name', () => {
  const root = tempDir()
  const code = `require('node:fs').writeFileSync(${JSON.stringify(join(root, 'PWNED'))}, '');module.exports = {}\n`
  const module = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(join(root, 'PWNED'))}, '');export default {}\n`
  for (const name of ['.quiltrc', 'quilt.config', '.config/config', '.config/quiltrc'])
    for (const [end, text] of [
      ['.js', code],
      ['.cjs', code],
      ['.mjs', module],
      ['.ts', module],
    ] as const)
      write(root, { [`${name}${end}`]: text })
  write(root, {
    'package.json': JSON.stringify({ cosmiconfig: { searchPlaces: ['.quiltrc.cjs'], loaders: {} } }),
    'imports/package.json': JSON.stringify({ quilt: { $import: '../.quiltrc.cjs' } }),
    'imports/yaml/.quiltrc': '$import: ../../.quiltrc.cjs\n',
  })
  const ada = person(join(root, 'ada'), root)
  expect(ada.run('config', 'list').status).toBe(0)
  for (const folder of ['imports', 'imports/yaml']) {
    const { status, stderr } = ada.shell(`cd ${folder} && quilt config list`)
    expect([status, stderr]).toEqual([2, expect.stringContaining('$import')])
  }
  expect(existsSync(join(root, 'PWNED'))).toBe(false)
})
