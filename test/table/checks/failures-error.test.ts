// What is told of checks that fail.
import { expect, test } from 'vitest'
import { failureLines, failuresError } from '../../../src/table/checks/failures-error.ts'

const broken = {
  check: 'kinds',
  path: 'weather',
  description: 'what the station reports',
  reason: 'broken',
  message: '53 of 1461 rows break it',
  count: 53,
  rows: [
    {
      row: 1,
      values: { date: '2012-01-01', wind: 4.7, 'wind speed': null, note: 'a, b\n\u001b[2J', empty: '' },
    },
    { row: 27, values: { date: '2012-01-27', wind: 1.4, 'wind speed': true, note: 'São Paulo', empty: '' } },
  ],
} as const
const unanswered = {
  check: 'typo',
  path: 'weather',
  reason: 'unanswered',
  message: 'it is more than one expression',
  hint: 'write: query: SELECT …',
  rows: [],
} as const

test('a failure shows its rows in lines that no value can break', () => {
  expect(failureLines(broken)).toEqual([
    'weather: kinds (what the station reports): 53 of 1461 rows break it',
    String.raw`  row 1: date 2012-01-01, wind 4.7, wind speed null, note "a, b\n\u001b[2J", empty ""`,
    '  row 27: date 2012-01-27, wind 1.4, wind speed true, note São Paulo, empty ""',
    '  … and 51 more',
  ])
  expect(failureLines({ ...broken, rows: [{ values: { n: 2 } }], count: 1 })[1]).toBe('  n 2')
})

test('all failures are one error, none is none', () => {
  expect(failuresError([])).toBeUndefined()
  expect(failuresError([unanswered])).toMatchObject({
    code: 'INVALID',
    message: 'a check fails:\nweather: typo: it is more than one expression',
    hint: 'write: query: SELECT …',
  })
  expect(failuresError([broken, unanswered])?.message).toMatch(
    /^2 checks fail:\nweather: kinds .*\n[^]*weather: typo: /,
  )
  expect(failuresError([broken])?.hint).toBe('mend the data, or the check')
})
