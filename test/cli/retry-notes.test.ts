import { expect, test } from 'vitest'
import { retryNotes } from '../../src/cli/retry-notes.ts'
import { QuiltError } from '../../src/core/base/error.ts'

test('one note in ten seconds, the others for who wants to know all', () => {
  const said: string[] = []
  let time = 0
  const out = {
    note: (text: string) => void said.push(`note: ${text}`),
    detail: (text: string) => void said.push(text),
  }
  const tell = retryNotes(out, () => time)
  const error = new QuiltError('UNAVAILABLE', 'no answer from h')
  tell({ error, attempt: 2, attempts: 6, pause: 150 })
  time = 9_999
  tell({ error, attempt: 3, attempts: 6, pause: 2_000 })
  time = 10_000
  tell({ error, attempt: 4, attempts: 6, pause: 2_000 })
  expect(said).toEqual([
    'note: no answer from h; trying again (2 of 6)',
    'no answer from h; trying again in 2 s (3 of 6)',
    'note: no answer from h; trying again in 2 s (4 of 6)',
  ])
})
