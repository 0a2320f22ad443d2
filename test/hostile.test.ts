// Every case of the hostile list has a test that bears its number, or a reason why not yet. A test that disappears,
// or a reason that has become untrue, fails here.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { hostileCases } from './hostile-cases.ts'
import { tokenize } from './support/source-tokens.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** The numbers that texts in a source name; comments do not count, nor do tests that are always skipped. */
function numbersIn(source: string): readonly string[] {
  const tokens = tokenize(source)
  const isSkipped = (i: number): boolean =>
    tokens[i - 1]?.text === '(' &&
    tokens[i - 3]?.text === '.' &&
    /^(skip|todo)$/.test(tokens[i - 2]?.text ?? '')
  return tokens
    .filter(({ kind }, i) => (kind === 'string' || kind === 'template') && !isSkipped(i))
    .flatMap(({ text }) => text.match(/\bH\d+\b/g) ?? [])
}

/** Files by number. */
function testsByNumber(): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.test.ts') || name === 'hostile.test.ts') continue
    for (const number of numbersIn(readFileSync(join(folder, name), 'utf8')))
      found.set(number, (found.get(number) ?? new Set()).add(name))
  }
  return found
}

/** What is wrong between the list and the tests. */
function gaps(cases: typeof hostileCases, tests: ReadonlyMap<string, unknown>): readonly string[] {
  const listed = Object.entries(cases).flatMap(([number, { what, later }]) => {
    if (later === undefined) return tests.has(number) ? [] : [`${number} (${what}) has no test`]
    return tests.has(number) ? [`${number} has a test, and a reason why it has none: ${later}`] : []
  })
  return [
    ...listed,
    ...[...tests.keys()].filter((number) => !(number in cases)).map((n) => `${n} is not listed`),
  ]
}

test('every hostile case has a test that bears its number, or a reason', () => {
  const tests = testsByNumber()
  expect(tests.size).toBeGreaterThan(50)
  expect(gaps(hostileCases, tests)).toEqual([])
})

test('the check sees a test that is gone, one in a comment, a stale reason and an unknown number', () => {
  const some = { H1: { what: 'a' }, H2: { what: 'b', later: 'not yet' } }
  const source =
    "// H1: told only\ntest('H2: is tested, and H9 too', () => { /* H1 */ })\ntest.each([[`H12: ${1}`]])"
  expect(numbersIn(source)).toEqual(['H2', 'H9', 'H12'])
  expect(numbersIn("test.skip('H1: is not run'); test.todo('H2: neither'); test('H3: is', f)")).toEqual([
    'H3',
  ])
  expect(gaps(some, new Map([['H1', 1]]))).toEqual([])
  expect(gaps(some, new Map())).toEqual(['H1 (a) has no test'])
  expect(gaps(some, new Map(['H1', 'H2', 'H9'].map((n) => [n, 1])))).toEqual([
    'H2 has a test, and a reason why it has none: not yet',
    'H9 is not listed',
  ])
})
