// .quiltignore: compared with git itself, and the names that Quilt 2 left out.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ignoreOf, type Ignore } from '../../src/worktree/ignore.ts'
import { tempDir } from '../support/temp-dir.ts'

/** Rules by folder ('' is the top), with Quilt 2's names brought in, so that only the rules count. */
type Rules = Readonly<Record<string, string>>

/** Goes down to a path as a scan does: what lies in a folder left out is left out. */
function leftOut(rules: Rules, path: string): boolean {
  const isFolder = path.endsWith('/')
  const names = path.replace(/\/$/, '').split('/')
  let ignore: Ignore = ignoreOf()
  let folder = ''
  for (const [i, name] of names.entries()) {
    const text = rules[folder]
    if (text !== undefined) ignore = ignore.adding(text)
    const last = i === names.length - 1
    if (ignore.ignores(name, !last || isFolder)) return true
    ignore = ignore.below(name)
    folder = folder === '' ? name : `${folder}/${name}`
  }
  return false
}

describe('without rules', () => {
  test.each(['.git/', '.hidden', '.quiltignore', 'a~', '~', 'quilt_packages/', 'quilt_packages'])(
    'leaves out %s, at every level',
    (name) => {
      expect(leftOut({}, name)).toBe(true)
      expect(leftOut({}, `a/b/${name}`)).toBe(true)
      expect(leftOut({ '': '*.log' }, `a/b/${name}`)).toBe(true)
    },
  )

  test('leaves out the build file at the top: below it is data', () => {
    for (const rules of [{}, { '': '*.log' }]) {
      expect(leftOut(rules, 'build.yml')).toBe(true)
      expect(leftOut(rules, 'a/build.yml')).toBe(false)
    }
  })

  test.each([
    'a',
    'a.b',
    'build.yaml',
    'my.build.yml',
    'Build.yml',
    'a~b',
    '__proto__',
    'constructor',
    '-x',
    ' ',
  ])('takes %s', (name) => {
    expect(leftOut({}, name)).toBe(false)
    expect(leftOut({ '': '*.log' }, name)).toBe(false)
  })

  test('a rule brings them in', () => {
    const rules = { '': '!.env\n!build.yml\n!.git/' }
    expect(['.env', 'build.yml', '.git/config', 'sub/.env'].map((path) => leftOut(rules, path))).toEqual(
      Array(4).fill(false),
    )
    expect(leftOut(rules, '.git/.lock')).toBe(true)
  })
})

describe('with rules', () => {
  const cases: readonly (readonly [rules: Rules, path: string, out: boolean])[] = [
    [{ '': '*.csv' }, 'a/b.csv', true],
    [{ '': '*.csv' }, 'a/b.CSV', false],
    [{ '': '/a.csv' }, 'b/a.csv', false],
    [{ '': 'b/a.csv' }, 'c/b/a.csv', false],
    [{ '': 'out/' }, 'out', false],
    [{ '': 'out/' }, 'x/out/', true],
    [{ '': '*\n!*.txt' }, 'a.txt', false],
    [{ '': 'a/*\n!a/keep' }, 'a/keep', false],
    [{ '': 'a/\n!a/keep' }, 'a/keep', true],
    [{ '': 'a/**/z' }, 'a/z', true],
    [{ '': '\\#a\n\\!b' }, '#a', true],
    [{ '': '\\#a\n\\!b' }, '!b', true],
    [{ '': 'a  ' }, 'a', true],
    [{ '': 'a\\ ' }, 'a ', true],
    [{ '': 'a\r\nb\r\n' }, 'b', true],
    [{ '': '# a\n\n/\n//\n!' }, 'a', false],
    [{ sub: '*.csv' }, 'a.csv', false],
    [{ sub: '*.csv' }, 'sub/x/a.csv', true],
    [{ sub: '/a' }, 'sub/a', true],
    [{ sub: '/a' }, 'sub/x/a', false],
    [{ sub: 'x/a' }, 'sub/y/x/a', false],
    [{ sub: '/' }, 'sub/a', false],
    [{ sub: '*' }, 'sub/a', true],
    [{ sub: '*' }, 'sub/', false],
    [{ sub: '\\!a\n\\#b' }, 'sub/!a', true],
    [{ sub: 'x/ ' }, 'sub/y/x/', true],
    [{ '': '*.csv', sub: '!a.csv' }, 'sub/a.csv', false],
    [{ '': '*.csv', sub: '!a.csv' }, 'a.csv', true],
    [{ '': 'x/', a: '!x/' }, 'a/x/f', false],
    [{ '': 'x/', a: '!x/' }, 'b/x/f', true],
    [{ '[a]': 'f' }, '[a]/f', true],
    [{ '[a]': 'f' }, 'a/f', false],
    [{ 'a*': 'f' }, 'ab/f', false],
    [{ 'a\nb': 'f' }, 'a\nb/c/f', true],
  ]
  test.each(cases)('%j: %j is left out: %s', (rules, path, out) => {
    expect(leftOut(rules, path)).toBe(out)
  })

  const hasGit = spawnSync('git', ['--version']).status === 0
  const names = ['a', 'b', 'a.txt', 'x y', '[z]']
  const segment = fc.constantFrom(...names, '*', '*.txt', '?', '**', '[ab]', '[!a]', 'a*')
  const pattern = fc
    .tuple(fc.boolean(), fc.boolean(), fc.array(segment, { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([not, top, parts, end]) => `${not ? '!' : ''}${top ? '/' : ''}${parts.join('/')}${end ? '/' : ''}`)
  const text = fc.array(pattern, { minLength: 1, maxLength: 4 }).map((lines) => lines.join('\n'))

  test.runIf(hasGit)('says what git says of any tree', () => {
    const folders = ['', 'a/', 'b/', 'a/a/', 'a/b/', 'b/a/']
    const all = folders.flatMap((folder) => names.map((name) => `${folder}${name}`))
    const paths = all.map((path) => (folders.includes(`${path}/`) ? `${path}/` : path))
    const root = tempDir()
    execFileSync('git', ['init', '-q', root])
    for (const path of paths) {
      if (path.endsWith('/')) mkdirSync(`${root}/${path}`, { recursive: true })
    }
    for (const path of paths) if (!path.endsWith('/')) writeFileSync(`${root}/${path}`, '')
    fc.assert(
      fc.property(text, fc.option(text), fc.option(text), (top, a, aa) => {
        const rules = { '': top, a: a ?? '', 'a/a': aa ?? '' }
        for (const [folder, lines] of Object.entries(rules)) {
          writeFileSync(`${root}/${folder}/.gitignore`, lines)
        }
        const git = ['-C', root, '-c', 'core.ignorecase=false', '-c', 'core.excludesFile=', 'ls-files']
        const listed = execFileSync('git', [...git, '--others', '--exclude-standard', '-z'], {
          encoding: 'utf8',
        })
        const byGit = listed.split('\0').filter((path) => path !== '' && !path.endsWith('.gitignore'))
        const byUs = paths.filter((path) => !path.endsWith('/') && !leftOut(rules, path))
        expect(byUs.sort()).toEqual(byGit.sort())
      }),
      { numRuns: 60 },
    )
  })

  test('any text is taken as rules, and asked of any name', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary', minLength: 1 }),
        (lines, name) => {
          fc.pre(!/[/\0]/.test(name) && name !== '.' && name !== '..')
          const ignore = ignoreOf().below('sub').adding(lines)
          expect(typeof ignore.ignores(name, true)).toBe('boolean')
          expect(typeof ignore.below(name).ignores(name, false)).toBe('boolean')
        },
      ),
    )
  })

  test('a hundred thousand names are told apart without growing memory', () => {
    const ignore = ignoreOf().adding('*.tmp')
    let out = 0
    for (let i = 0; i < 100_000; i++)
      if (ignore.ignores(`f${String(i)}.${i % 2 === 0 ? 'tmp' : 'csv'}`, false)) out++
    expect(out).toBe(50_000)
  })
})
