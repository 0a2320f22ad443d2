// The grammar of build files, rule by rule: what is taken, what is refused and where, all mistakes at once.
import { describe, expect, test } from 'vitest'
import type { ManifestGroup } from '../../../src/package/manifest.ts'
import { parseChecks } from '../../../src/package/manifest/parse.ts'
import { problemsOf } from '../../../src/package/manifest/problems.ts'
import { bad, drawn, good } from '../../support/manifest-text.ts'

describe('the file (3.1)', () => {
  test('is a mapping with contents; null is no contents, {} is an empty package', async () => {
    expect((await good('contents: {}')).contents).toMatchObject({ kind: 'group', children: new Map() })
    expect(await bad('')).toEqual(['1:1: a build file is a mapping with the key "contents"'])
    expect(await bad('# nothing\n')).toHaveLength(1)
    expect(await bad('- a\n- b')).toEqual(['1:1: a build file is a mapping with the key "contents"'])
    expect(await bad('checks: {}')).toEqual([
      '1:1: the key "contents" is missing: for an empty package write contents: {}',
    ])
    expect(await bad('contents:')).toEqual([
      '1:10: "contents" must be a mapping: for an empty package write contents: {}',
    ])
    expect(await bad('contents: [a]')).toHaveLength(1)
  })

  test('environments are accepted, at the top and at a file', async () => {
    await good('environments: { dev: 1 }\ncontents:\n  a: { file: x, environments: [dev] }')
  })

  test('H126: an unknown key is refused with the nearest word', async () => {
    expect(await bad('contnets: {}\ncheks: {}\nzebra: 1')).toEqual([
      '1:1: unknown key "contnets"; did you mean "contents"?',
      '2:1: unknown key "cheks"; did you mean "checks"?',
      '3:1: unknown key "zebra"; there is contents, checks, environments',
      '1:1: the key "contents" is missing: for an empty package write contents: {}',
    ])
    expect(
      await bad('contents:\n  a:\n    file: x\n    transfrom: csv\n  b: { file: y, sub: { file: z } }'),
    ).toEqual([
      '4:5: unknown key "transfrom"; did you mean "transform"?',
      '5:17: unknown key "sub"; there is file, package, link, transform, kwargs, meta, checks, environments; a node with "file" has no nodes below it',
    ])
  })

  test('bad YAML is told with line and column, all of it', async () => {
    const told = await bad('contents:\n  a: { file: x\n  b: y: z\n\tc: 1\n')
    expect(told.length).toBeGreaterThan(1)
    for (const one of told) expect(one).toMatch(/^[2-5]:\d+: [a-z]/)
  })

  test('one document of YAML 1.2', async () => {
    expect(await bad('contents: {}\n---\ncontents: {}')).toEqual([
      expect.stringMatching(/^2:\d+: the file holds one document, and this is a second one$/),
    ])
    expect(await bad('%YAML 1.1\n---\ncontents: {}')).toEqual(['1:1: the file must be YAML 1.2, not 1.1'])
    await good('%YAML 1.2\n---\ncontents: {}\n...\n')
  })
})

describe('nodes (3.2)', () => {
  test('null and {} are empty groups, a text under file, package or link makes a leaf, the rest are groups', async () => {
    const { contents } = await good(
      'contents:\n  a:\n  b: {}\n  c: { file: x.csv }\n  d: { package: ada/wine/train@1.0 }\n  e: { link: c }\n  f: { g: { file: y } }',
    )
    expect(drawn(contents)).toEqual({
      a: 'group',
      b: 'group',
      c: 'file',
      d: 'package',
      e: 'link',
      f: 'group',
      'f/g': 'file',
    })
    expect((contents as ManifestGroup).children.get('d')).toMatchObject({
      handle: 'ada/wine/train@1.0',
      source: { pkg: { owner: 'ada', name: 'wine' }, path: 'train', revision: { name: '1.0', back: 0 } },
      at: { line: 5, column: 3 },
      handleAt: { line: 5, column: 17 },
    })
  })

  test('contents itself may be another package, and nothing else but a group', async () => {
    expect((await good('contents: { package: ada/wine }')).contents.kind).toBe('package')
    expect(await bad('contents: { file: x }')).toEqual([
      '1:11: "contents" is a group: give the file a name below it',
    ])
    expect(await bad('contents: { link: x }')).toContain(
      '1:11: "contents" is a group: give the link a name below it',
    )
  })

  test('children may bear every reserved name, as leaves, as groups and as empty groups', async () => {
    const words = ['file', 'package', 'link', 'transform', 'kwargs', 'meta', 'checks', 'environments']
    for (const word of words) {
      const leaf = await good(`contents:\n  ${word}: { file: x }`)
      expect(drawn(leaf.contents)).toEqual({ [word]: 'file' })
      const group = await good(`contents:\n  \\${word}: { a: { file: x } }\n  g: { \\${word}: }`)
      expect(drawn(group.contents)).toEqual({
        [word]: 'group',
        [`${word}/a`]: 'file',
        g: 'group',
        [`g/${word}`]: 'group',
      })
    }
    const plain = await good(
      'contents:\n  file:\n  package: {}\n  checks:\n  environments:\n  transform: { a: { file: x } }',
    )
    expect(Object.keys(drawn(plain.contents))).toEqual([
      'file',
      'package',
      'checks',
      'environments',
      'transform',
      'transform/a',
    ])
  })

  test('only one of file, package and link', async () => {
    expect(
      await bad('contents:\n  a: { file: x, package: ada/wine }\n  b: { package: ada/wine, link: c }'),
    ).toEqual([
      '2:17: a node has only one of file, package and link, and this one has "file" and "package"',
      '3:27: a node has only one of file, package and link, and this one has "package" and "link"',
    ])
    expect(
      await bad(
        'contents:\n  a: { package: ada/wine, transform: csv, checks: x }\n  b: { link: c, kwargs: {} }',
      ),
    ).toEqual([
      '2:27: "transform" is for files: a package is taken as it is',
      '2:43: "checks" is for files: a package is taken as it is',
      '3:17: "kwargs" is for files: a link is taken as it is',
    ])
  })

  test('what is no mapping is no node', async () => {
    expect(
      await bad(
        'contents:\n  a: x.csv\n  b: 5\n  c: [x]\n  d: { file: 5 }\n  e: { file: "" }\n  g: { checks: x }',
      ),
    ).toEqual([
      '2:6: "a" must be a mapping: for a file write { file: "x.csv" }',
      '3:6: "b" must be a mapping, such as { file: data.csv }',
      '4:6: "c" must be a mapping, such as { file: data.csv }',
      '5:14: "file" must be a text, and 5 is none: put it in quotes',
      '6:14: "file" must be a text that is not empty',
      '7:16: "checks" must be a mapping, such as { file: data.csv }: a group has no checks of its own, name them at its files',
    ])
  })

  test('names that no tree can hold are refused', async () => {
    const told = await bad(
      `contents:\n  a/b: {}\n  "": {}\n  ..: {}\n  "\\0": {}\n  ${'x'.repeat(256)}: {}\n  'a\\': {}`,
    )
    expect(told).toHaveLength(6)
    for (const one of told) expect(one).toMatch(/invalid name/)
  })

  test('handles and links that cannot be are refused where they stand', async () => {
    const told = await bad(
      'contents:\n  a: { package: wine }\n  b: { package: 1/2 }\n  c: { link: ../x }\n  d: { link: /etc/x }\n  g: { e: { link: ../x } }',
    )
    expect(told).toEqual([
      '2:17: invalid package "wine"; specify a package as [TEAM:]OWNER/NAME[/PATH][@REVISION]',
      expect.stringContaining('3:17: invalid owner name "1"'),
      '4:14: the link cannot be kept: it points outside the package',
      '5:14: the link cannot be kept: its target is absolute',
    ])
  })

  test('metadata is said in place or in a file, for files, groups, packages and the whole', async () => {
    const { contents } = await good(
      'contents:\n  meta: { a: 1 }\n  f: { file: x, meta: m.json }\n  g: { meta: { b: [null, 1.5, "é", { c: true }] } }\n  "*.csv": { meta: { d: 2 } }',
    )
    expect(contents.meta).toMatchObject({ kind: 'said', value: { a: 1 } })
    const children = (contents as ManifestGroup).children
    expect(children.get('f')?.meta).toMatchObject({ kind: 'file', path: 'm.json' })
    expect(children.get('g')?.meta).toMatchObject({ value: { b: [null, 1.5, 'é', { c: true }] } })
    expect(children.get('*.csv')?.meta).toMatchObject({ value: { d: 2 } })
    expect(
      await bad(
        'contents:\n  a: { file: x, meta: 5 }\n  b: { meta: [1] }\n  c: { meta: { _system: 1 } }\n  d: { meta: { n: .nan } }\n  e: { meta: { n: 12345678901234567890 } }\n  f: { meta: }',
      ),
    ).toEqual([
      '2:23: "meta" must be a mapping, or the name of a JSON file',
      '3:14: "meta" must be a mapping, or the name of a JSON file',
      '4:14: metadata cannot have the key "_system"',
      '5:19: JSON has no number .nan: put it in quotes',
      '6:19: the number "12345678901234567890" is too large to be kept exactly: put it in quotes',
      expect.stringContaining('"meta" must be a mapping'),
    ])
    expect(await bad(`contents:\n  a: { file: x, meta: { t: "${'x'.repeat(70_000)}" } }`)).toEqual([
      expect.stringContaining('more than 64 KiB'),
    ])
  })
})

describe('transform and kwargs (3.3)', () => {
  test('are inherited: a transform until another, kwargs as a whole by groups and key by key by leaves', async () => {
    const { contents } = await good(`contents:
  transform: csv
  kwargs: { sep: ";", nrows: 3 }
  a: { file: a.txt }
  b: { file: b.txt, transform: tsv, kwargs: { sep: "|" } }
  c: { file: c.txt, transform: }
  g:
    kwargs: { skiprows: 1 }
    d: { file: d.txt }
    h:
      transform:
      kwargs: {}
      e: { file: e.txt }
      f: { file: f.txt, kwargs: { x: 1 } }
  "*.x": { kwargs: { y: 2 } }`)
    expect(drawn(contents)).toEqual({
      a: ['csv', { sep: ';', nrows: 3 }],
      b: ['tsv', { sep: '|', nrows: 3 }],
      c: ['csv', { sep: ';', nrows: 3 }],
      g: 'group',
      'g/d': ['csv', { skiprows: 1 }],
      'g/h': 'group',
      'g/h/e': 'file',
      'g/h/f': ['auto', { x: 1 }],
      '*.x': ['csv', { sep: ';', nrows: 3, y: 2 }],
    })
  })

  test('are kept as written: case, order and values; auto says nothing', async () => {
    const { contents } = await good(
      'contents:\n  a: { file: x, transform: CSV, kwargs: { parse_dates: [a, 1], na: null } }\n  b: { file: y, transform: auto }',
    )
    expect(drawn(contents)).toEqual({ a: ['CSV', { parse_dates: ['a', 1], na: null }], b: 'file' })
  })

  test('null kwargs and other kinds are refused', async () => {
    expect(
      await bad(
        'contents:\n  kwargs:\n  a: { file: x, kwargs: null }\n  b: { file: y, kwargs: [1] }\n  c: { file: z, transform: 5 }\n  d: { file: z, transform: "a b" }',
      ),
    ).toEqual([
      expect.stringMatching(
        /^[23]:\d+: "kwargs" must be a mapping of options: leave it out where there are none$/,
      ),
      '3:25: "kwargs" must be a mapping of options: leave it out where there are none',
      '4:25: "kwargs" must be a mapping of options: leave it out where there are none',
      '5:28: "transform" must be a text, and 5 is none: put it in quotes',
      '6:28: "a b" is no parser\'s name',
    ])
  })
})

describe('patterns (3.5)', () => {
  test('are keys with *, ? or [; what says what it is, or is marked by a backslash, is a name', async () => {
    const { contents } = await good(
      'contents:\n  "*.csv":\n  "a?": { transform: csv }\n  "**/[!x]*": {}\n  "b[1].csv": { file: "b[1].csv" }\n  "c[1]": { d: { file: x } }\n  \'e\\[1]\':\n  "p*": { package: ada/wine }',
    )
    expect(drawn(contents)).toEqual({
      '*.csv': 'glob',
      'a?': ['csv', {}],
      '**/[!x]*': 'glob',
      'b[1].csv': 'file',
      'c[1]': 'group',
      'c[1]/d': 'file',
      'e[1]': 'group',
      'p*': 'package',
    })
  })

  test('that cannot be are refused', async () => {
    expect(await bad('contents:\n  "/etc/*":\n  "a**":\n  "a/../*":\n  \'a\\b*\':')).toEqual([
      '2:3: invalid pattern "/etc/*": it is absolute: patterns are relative to the build file',
      '3:3: invalid pattern "a**": "**" stands alone between slashes',
      '4:3: invalid pattern "a/../*": ".." stands only at its beginning',
      expect.stringContaining('5:3: invalid pattern'),
    ])
  })
})

describe('checks', () => {
  test('are understood when they are read, and named by files in a text or a list', async () => {
    const { checks, contents } = await good(
      'checks:\n  rows: "rows > 0"\n  years: { range: { column: year, min: 1900 } }\ncontents:\n  a: { file: x, checks: "rows, years" }\n  b: { file: y, checks: [rows, "years"] }\n  c: { file: z, checks: }',
    )
    expect([...checks].map(([name, { at, check }]) => [name, at.line, check?.form])).toEqual([
      ['rows', 2, { kind: 'expression', sql: 'rows > 0' }],
      ['years', 3, { kind: 'range', column: 'year', of: 'value', min: 1900, max: undefined }],
    ])
    const named = [...(contents as ManifestGroup).children.values()].map((node) =>
      node.kind === 'file' ? node.checks.map(({ name }) => name) : [],
    )
    expect(named).toEqual([['rows', 'years'], ['rows', 'years'], []])
  })

  test('with mistakes are told of where these stand, among all other problems', async () => {
    const text = `checks:
  a b: x
  enums: { enum: { column: kind, values: [red, [white]] } }
  typo:
    rang: { column: year }
  two: { unique: id, rows: 5 }
  bounds: { range: { column: year } }
  list: [x]
  empty: ""
  aliased: &one { regexp: { pattern: x } }
  again: *one
contents:
  a: { file: x, checsk: y }`
    expect(await bad(text)).toEqual([
      '2:3: a check\'s name has no spaces and no commas, not "a b"',
      expect.stringMatching(/^3:48: expected a text, a number/),
      expect.stringMatching(/^5:5: "rang" is not known here; did you mean "range"/),
      expect.stringMatching(/^6:22: one form is enough/),
      '7:13: "min" or "max" is missing',
      expect.stringMatching(/^8:9: "list" must be a text/),
      '9:10: "empty" must be a text that is not empty',
      expect.stringMatching(/^10:19: "column" is missing/),
      expect.stringMatching(/^13:17: unknown key "checsk"/),
    ])
  })

  test('of a file beside: its checks, or all of it but contents', async () => {
    const problems = problemsOf('checks.yml')
    const names = async (text: string): Promise<readonly string[]> => [
      ...(await parseChecks(text, problems)).keys(),
    ]
    expect(await names('checks: { a: x, b: y }')).toEqual(['a', 'b'])
    expect(await names('contents: {}\na: x')).toEqual(['a'])
    expect(await names('')).toEqual([])
    expect(problems.found).toEqual([])
    await parseChecks('- a', problems)
    expect(problems.found).toHaveLength(1)
  })
})
