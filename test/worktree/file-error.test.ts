// The file system's refusals in our words; what is none of its errors stays as it is.
import { describe, expect, test } from 'vitest'
import { QuiltError } from '../../src/core/base/error.ts'
import { errnoOf, fileError, onPath } from '../../src/worktree/file-error.ts'
import { systemError } from '../../src/testing/fault.ts'

test.each([
  ['ENOENT', 'NOT_FOUND'],
  ['EACCES', 'DENIED'],
  ['EROFS', 'DENIED'],
  ['ENAMETOOLONG', 'INVALID'],
  ['EEXIST', 'CONFLICT'],
  ['EXDEV', 'UNSUPPORTED'],
  ['ENOSPC', 'UNAVAILABLE'],
  ['EIO', 'UNAVAILABLE'],
  ['ESTALE', 'UNAVAILABLE'],
])('%s is %s, and names the path', (errno, code) => {
  const cause = systemError(errno)
  const error = fileError(cause, 'read', '/a/b')
  expect(error).toMatchObject({ code, cause })
  expect(String(error)).toContain('cannot read "/a/b"')
  expect(() =>
    onPath('write', '/c', () => {
      throw cause
    }),
  ).toThrow(/cannot write "\/c"/)
})

describe('left as they are', () => {
  const abort = new AbortController()
  abort.abort()
  test.each([
    ['ours', new QuiltError('CORRUPT', 'x')],
    ['an abort, whose code is a number', abort.signal.reason as Error],
    ["Node's own", Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' })],
    ['no error at all', 'text'],
  ])('%s', (_what, error) => {
    expect(fileError(error, 'read', '/a')).toBe(error)
    expect(errnoOf(error)).toBeUndefined()
  })
})
