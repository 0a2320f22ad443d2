// What YAML can be abused for: tags, keys that are no texts, bombs. All of it ends in problems with a place.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ManifestGroup } from '../../../src/package/manifest.ts'
import { bad, drawn, good, parse } from '../../support/manifest-text.ts'

describe('H120: tags', () => {
  test.each([
    '!!js/function "() => 1"',
    '!!python/object/apply:os.system ["true"]',
    '!!binary aGVsbG8=',
    '!!set {a, b}',
    '!!omap [a: 1]',
    '!!timestamp 2020-01-01',
    '!mine { file: x }',
    '!<tag:example.org,2020:x> y',
  ])('%s is refused', async (value) => {
    for (const text of [`contents:\n  a: ${value}`, `contents: {}\nchecks:\n  a: ${value}`]) {
      const told = await bad(text)
      expect(told.join()).toMatch(/tag/i)
      expect(told[0]).toMatch(/^[23]:/)
    }
  })

  test('those of YAML itself change nothing', async () => {
    const { contents } = await good('contents: !!map\n  a: { file: !!str 1, kwargs: { n: !!int 2 } }')
    expect(drawn(contents)).toEqual({ a: ['auto', { n: 2 }] })
  })
})

describe('H121: keys', () => {
  test('twice is refused, naming the first line, at any depth', async () => {
    expect(await bad('contents:\n  a: {}\n  b: {}\n  "a": { file: x }\ncontents: {}')).toEqual([
      '4:3: the key "a" stands twice: first in line 2',
      '5:1: the key "contents" stands twice: first in line 1',
    ])
    expect(await bad('contents:\n  a: { file: x, kwargs: { sep: 1, sep: 2 } }')).toEqual([
      '2:35: the key "sep" stands twice: first in line 2',
    ])
    expect(await bad('contents:\n  a: {}\n  \\a: {}')).toEqual([
      '3:3: the name "a" stands twice: first in line 2',
    ])
  })

  test('that are no texts are refused: numbers, null, booleans, nothing, collections, aliases', async () => {
    const told = await bad(
      'contents:\n  1: {}\n  08: {}\n  1e3: {}\n  null: {}\n  true: {}\n  0x1F: {}\n  ? [a]\n  : {}\n  ? { b: c }\n  : {}\n  : {}',
    )
    expect(told).toEqual([
      '2:3: the key 1 is no text, and must be one: write "1"',
      '3:3: the key 08 is no text, and must be one: write "08"',
      '4:3: the key 1e3 is no text, and must be one: write "1e3"',
      '5:3: the key null is no text, and must be one: write "null"',
      '6:3: the key true is no text, and must be one: write "true"',
      '7:3: the key 0x1F is no text, and must be one: write "0x1F"',
      '8:5: a key must be a text, in quotes if need be',
      '10:5: a key must be a text, in quotes if need be',
      '12:1: a key is empty, and must be a text',
    ])
    expect(await bad('contents:\n  &a x: { file: y }\n  *a : { file: z }')).toEqual([
      '3:3: an alias cannot be a key',
    ])
  })

  test('merges are refused, and "<<" in quotes is a name', async () => {
    expect(await bad('contents:\n  a: &a { file: x }\n  b:\n    <<: *a')).toEqual([
      '4:5: merge keys are not part of YAML 1.2: repeat what is to be merged, or write "<<" for the name',
    ])
    expect(drawn((await good('contents:\n  "<<": { file: x }')).contents)).toEqual({ '<<': 'file' })
  })

  test('yes, no, on, off and what looks like a date are exact texts, as YAML 1.2 says', async () => {
    const names = ['yes', 'No', 'on', 'OFF', 'y', 'n', '2020-01-01', '12:30:45', '1_000', '~x', '.']
    const text = `contents:\n${names
      .slice(0, -1)
      .map((name) => `  ${name}: { file: x }`)
      .join('\n')}`
    expect([...((await good(text)).contents as ManifestGroup).children.keys()]).toEqual(names.slice(0, -1))
  })

  test('H18: __proto__ and constructor are ordinary names and options', async () => {
    const { contents } = await good(
      'contents:\n  __proto__: { file: x, kwargs: { __proto__: 1, constructor: a } }',
    )
    const file = (contents as ManifestGroup).children.get('__proto__')
    expect(JSON.stringify(file)).toContain('"options":{"__proto__":1,"constructor":"a"}')
  })
})

describe('H125: bombs and giants', () => {
  test('anchors are shared, not copied: a bomb of aliases is refused in no time', async () => {
    const levels = Array.from(
      { length: 30 },
      (_, i) =>
        `  l${String(i + 1)}: &l${String(i + 1)} { ${Array.from({ length: 9 }, (_, j) => `n${String(j)}: *l${String(i)}`).join(', ')} }`,
    )
    const text = `contents:\n  l0: &l0 { x: { file: x } }\n${levels.join('\n')}`
    const started = performance.now()
    expect(await bad(text)).toContain('1:1: it has more than 500000 nodes')
    expect(performance.now() - started).toBeLessThan(10_000)
    const meta = `contents:\n  meta:\n    l0: &l0 [1]\n${Array.from({ length: 30 }, (_, i) => `    l${String(i + 1)}: &l${String(i + 1)} [${`*l${String(i)},`.repeat(9)}]`).join('\n')}`
    expect((await bad(meta)).join()).toContain('more than 100000 values')
  })

  test('an anchor serves where it is used; circles, unknown ones and too many are refused', async () => {
    const { contents } = await good(
      'contents:\n  a: { file: x, kwargs: &k { sep: ";" } }\n  b: { file: y, kwargs: *k }',
    )
    expect(drawn(contents)).toEqual({ a: ['auto', { sep: ';' }], b: ['auto', { sep: ';' }] })
    expect(await bad('contents: &c\n  a: *c')).toEqual(['2:6: the alias *c stands inside what it names'])
    expect((await bad('contents:\n  a: *nobody')).join()).toMatch(/2:6: .*nobody/)
    const many = '      - *x\n'.repeat(10_001)
    expect(await bad(`contents:\n  meta:\n    a: &x 1\n    b:\n${many}`)).toContainEqual(
      expect.stringContaining('it holds more than 10000 aliases'),
    )
  })

  test.each([
    ['flow', '{a: '.repeat(10_000)],
    ['sequences', `contents: ${'['.repeat(100_000)}`],
    ['compact', `contents: { meta: { a:\n${'- '.repeat(20_000)}x`],
    ['blocks', `contents:\n${Array.from({ length: 700 }, (_, i) => `${' '.repeat(i + 1)}a:`).join('\n')}`],
  ])('%s nested ten thousand levels are refused', async (_, text) => {
    expect((await bad(text)).join()).toContain('it is nested deeper than 600 levels')
  })

  test('a million nodes are refused', async () => {
    const lines = Array.from({ length: 300_000 }, (_, i) => `  n${String(i)}:`)
    expect((await bad(`contents:\n${lines.join('\n')}`)).join()).toContain('it holds more than 500000 values')
  }, 60_000)

  test('512 groups are a package, one more is too deep', async () => {
    const nested = (count: number): string => `contents: ${'{ a: '.repeat(count)}{}${' }'.repeat(count)}`
    expect(await bad(nested(511))).toEqual([])
    expect((await bad(nested(512))).join()).toContain('deeper than 512 levels')
  })

  test('any text is taken or refused, and never more than that', async () => {
    const word = fc.constantFrom(
      'contents',
      ':',
      ' ',
      '\n',
      '  ',
      'a',
      '{',
      '}',
      '[',
      ']',
      ',',
      '"',
      "'",
      '&x',
      '*x',
      '!t',
      '?',
      '-',
      '|',
      '>',
      '#',
      '%',
      '\t',
      'file',
      'kwargs',
      '<<',
      '1',
      'null',
      '\u{1f600}',
      '\\',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 40 }), async (words) => {
        const { manifest, problems } = await parse(`contents:\n  ${words.join('')}`)
        return manifest !== undefined || problems.length > 0
      }),
      { numRuns: 500 },
    )
  })
})
