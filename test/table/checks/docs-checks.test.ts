// docs/checks.md cannot lag: it names every form, field and family that there is, and the limits that are set.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { rangeOfs } from '../../../src/table/checks/check.ts'
import { parseChecks } from '../../../src/table/checks/parse-checks.ts'
import { defaultLimits } from '../../../src/table/sandbox/limits.ts'

const text = readFileSync(new URL('../../../docs/checks.md', import.meta.url), 'utf8')

test('every form that the parser knows is in the text', () => {
  const [problem] = parseChecks({ it: 3 }).problems
  const forms = /a mapping with (.*), not 3/.exec(problem?.message ?? '')?.[1]?.split(', ') ?? []
  expect(forms).toHaveLength(12)
  for (const form of forms) expect(text, form).toMatch(new RegExp(`\`?${form}: `))
  for (const of of rangeOfs) expect(text, of).toContain(`\`${of}\``)
})

test('the limits are those that are set', () => {
  const mebibytes = (bytes: number): string => `${String(bytes / 1024 / 1024)} MiB`
  for (const told of [
    `time, for each statement | ${String(defaultLimits.milliseconds / 1000)} s`,
    `DuckDB's memory | ${mebibytes(defaultLimits.memoryBytes)}`,
    `memory of the process | ${mebibytes(defaultLimits.residentBytes)}`,
    `at most ${String(defaultLimits.spillBytes / 1024 ** 3)} GiB`,
    `a value that is shown | ${String(defaultLimits.valueCharacters)} characters`,
  ])
    expect(text).toContain(told)
})
