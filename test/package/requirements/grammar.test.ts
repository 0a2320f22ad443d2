// quilt.yml and quilt.lock as texts.
import { describe, expect, test } from 'vitest'
import type { Id } from '../../../src/core/model/id.ts'
import { problemsOf } from '../../../src/package/manifest/problems.ts'
import { highestIn, isVersionRange } from '../../../src/package/names/version.ts'
import { parseRequirements } from '../../../src/package/requirements/grammar.ts'
import { formatLock, parseLock, type LockEntry } from '../../../src/package/requirements/lock.ts'
import { askedText, requirementKey } from '../../../src/package/requirements/requirement.ts'

async function asked(text: string): Promise<readonly string[]> {
  const problems = problemsOf('quilt.yml')
  const found = await parseRequirements(text, problems)
  problems.check()
  return found.map(askedText)
}

async function wrong(text: string): Promise<readonly string[]> {
  const problems = problemsOf('quilt.yml')
  await parseRequirements(text, problems)
  return problems.found.map(({ line, column, message }) => `${String(line)}:${String(column)} ${message}`)
}

describe('quilt.yml', () => {
  test("has the original's entries", async () => {
    const text = [
      'packages:',
      '  - uciml/iris',
      '  - team:vega/vega:hash:ABCDEF0123',
      '  - asah/snli:v:1.0',
      '  - akarve/BSDS300/images/test:t:latest',
      '  - examples/wine:version:2.0',
      '  - examples/beer:tag:prod',
      '  - examples/tea:h:abcdef',
    ]
    expect(await asked(text.join('\n'))).toEqual([
      'uciml/iris',
      'team:vega/vega@abcdef0123',
      'asah/snli@1.0',
      'akarve/BSDS300/images/test',
      'examples/wine@2.0',
      'examples/beer@prod',
      'examples/tea@abcdef',
    ])
  })

  test('and ours: @REVISION, ranges, remotes, other names', async () => {
    const text = `
remote: lab
packages:
  - ada/wine/train@1.0~1
  - package: ada/tea
    version: 1.10
  - { package: ada/beer, version: '>= 1.0, < 2', remote: ./shared, as: ben/beer, meta-only: true }
  - { package: ada/gin, hash: 123456 }
  - { package: ada/rum, tag: prod }
`
    expect(await asked(text)).toEqual([
      'ada/wine/train@1.0~1 from lab',
      'ada/tea@1.10 from lab',
      'ada/beer@>=1.0,<2 from ./shared',
      'ada/gin@123456 from lab',
      'ada/rum@prod from lab',
    ])
    const found = await parseRequirements(text, problemsOf('quilt.yml'))
    expect(found[2]).toMatchObject({ metaOnly: true, as: { owner: 'ben', name: 'beer' }, remote: './shared' })
    expect(found[2] && requirementKey(found[2])).toBe('_/ben/beer/')
    expect(await asked('packages: []')).toEqual([])
  })

  test('tells all that is wrong at once, each with its place', async () => {
    const text = `packages:
  - wine
  - ada/wine:v:one
  - ada/wine@1.0:v:2.0
  - ada/wine:0123456789
  - 5
  - { package: ada/tea, version: "1.0", tag: prod }
  - { package: ada/gin, verson: "1.0" }
  - { version: "1.0" }
  - ada/rum
  - ADA/rum
  - ada/rum/x@2.0
  - { package: ada/ale, meta-only: yes please, as: ale }
remotes: x
`
    const found = await wrong(text)
    expect(found.map((line) => line.replace(/ .*/, ''))).toEqual(
      expect.arrayContaining([
        '2:5',
        '3:5',
        '4:5',
        '5:5',
        '6:5',
        '7:5',
        '8:25',
        '9:5',
        '11:5',
        '12:5',
        '13:36',
        '13:52',
        '14:1',
      ]),
    )
    const all = found.join('\n')
    expect(all).toContain('"one" is no version')
    expect(all).toContain('names two revisions')
    expect(all).toContain('for a hash write ada/wine@0123456789')
    expect(all).toContain('did you mean "version"?')
    expect(all).toContain('stands twice: first in line 10')
    expect(all).toContain('line 11 asks for another revision of ada/rum')
    expect(all).toContain('did you mean "remote"?')
  })

  test.each([
    ['', 'mapping'],
    ['- ada/wine', 'mapping'],
    ['contents: {}', 'the key "packages" is missing'],
    ['packages:', 'must be a list'],
    ['packages: ada/wine', 'must be a list'],
    ['packages: [!!js/function "x"]', 'tag'],
    ['packages: [ada/wine', 'quilt.yml:1:'],
  ])('%j is refused', async (text, why) => {
    await expect(asked(text)).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringContaining(why) as string,
    })
  })

  test('ranges are sets of PEP 440 specifiers', () => {
    expect(['>=1.0,<2', '~=1.4', '==1.*', '!=1.0'].map(isVersionRange)).toEqual([true, true, true, true])
    expect(['1.0', 'prod', '>=one', '>'].map(isVersionRange)).toEqual([false, false, false, false])
    expect(highestIn('>=1.0,<2', ['1.0', 'v1.10', '1.9', '2.0', '1.11rc1'])).toBe('v1.10')
    expect(highestIn('>3', ['1.0'])).toBeUndefined()
  })
})

const entry = (name: string, more: Partial<LockEntry> = {}): LockEntry => ({
  package: { owner: 'ada', name },
  path: '',
  asked: `ada/${name}`,
  topHash: 'a'.repeat(64) as Id,
  commit: 'b'.repeat(64) as Id,
  version: undefined,
  remote: 'file:///shared',
  ...more,
})

describe('quilt.lock', () => {
  const golden = `{
  "lockVersion": 1,
  "packages": [
    {
      "asked": "ada/tea@>=1,<2",
      "commit": "${'b'.repeat(64)}",
      "package": "ada/tea",
      "remote": "file:///shared",
      "topHash": "${'a'.repeat(64)}",
      "version": "1.2"
    },
    {
      "asked": "ada/wine",
      "commit": "${'b'.repeat(64)}",
      "package": "ada/wine",
      "path": "sub/a",
      "remote": "file:///shared",
      "topHash": "${'a'.repeat(64)}"
    }
  ]
}
`
  const entries = [
    entry('wine', { path: 'sub/a' }),
    entry('tea', { version: '1.2', asked: 'ada/tea@>=1,<2' }),
  ]

  test('has one form, whatever the order of the entries', async () => {
    expect(formatLock(entries)).toBe(golden)
    expect(formatLock(entries.toReversed())).toBe(golden)
    const read = await parseLock(golden, problemsOf('quilt.lock'))
    expect(formatLock([...read.values()])).toBe(golden)
  })

  test('passes over what it does not know in its own version, and refuses a newer one', async () => {
    const more = golden.replace('"lockVersion": 1,', '"lockVersion": 1,\n  "note": "x",')
    expect((await parseLock(more, problemsOf('quilt.lock'))).size).toBe(2)
    await expect(
      parseLock('{ "lockVersion": 2, "things": 1 }', problemsOf('quilt.lock')),
    ).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: 'quilt.lock has version 2, made by a newer version of quilt',
    })
  })

  test.each([
    ['{}', 'lockVersion'],
    ['[]', 'lockVersion'],
    ['{ "lockVersion": "1" }', 'lockVersion'],
    ['{ "lockVersion": 1 }', 'list'],
    ['{ "lockVersion": 1, "packages": [1] }', 'mapping'],
    [golden.replace('"ada/wine",\n      "path"', '"../wine",\n      "path"'), 'is no package'],
    [golden.replace('b'.repeat(64), 'b'.repeat(63)), 'no hash of 64 digits'],
    [golden.replace('"asked": "ada/wine"', '"ask": 1'), 'quilt.lock:12:5: "asked" must be a text'],
    [golden.slice(0, 200), 'quilt.lock:'],
    [`<<<<<<< ours\n${golden}`, 'merge'],
  ])('%# refuses what it cannot be', async (text, why) => {
    await expect(parseLock(text, problemsOf('quilt.lock'))).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringContaining(why) as string,
    })
  })
})
