// Stamps: when two say that nothing changed, and when one says nothing.
import { describe, expect, test } from 'vitest'
import { isRacy, sameStamp, type StatStamp } from '../../src/worktree/stat-stamp.ts'

const stamp: StatStamp = { size: 5, modified: 1_700_000_000_123.25, changed: 1_700_000_000_456.5, inode: 9 }

test.each(['size', 'modified', 'changed', 'inode'] as const)('another %s is another stamp', (field) => {
  expect(sameStamp(stamp, { ...stamp })).toBe(true)
  expect(sameStamp(stamp, { ...stamp, [field]: stamp[field] + 0.25 })).toBe(false)
})

describe('a racy stamp', () => {
  test('is one of the clock tick in which the file was read, or of the future', () => {
    expect(isRacy(stamp, stamp.changed)).toBe(true)
    expect(isRacy(stamp, stamp.changed + 19)).toBe(true)
    expect(isRacy(stamp, stamp.changed - 3_600_000)).toBe(true)
    expect(isRacy(stamp, stamp.changed + 21)).toBe(false)
  })

  test('is one of the last two seconds where the file system keeps whole ones', () => {
    const coarse = { ...stamp, modified: 1_700_000_000_000, changed: 1_700_000_000_000 }
    expect(isRacy(coarse, coarse.modified + 2019)).toBe(true)
    expect(isRacy(coarse, coarse.modified + 2021)).toBe(false)
  })

  test('a time of change set back does not hide a write', () => {
    expect(isRacy({ ...stamp, modified: 1000.5 }, stamp.changed + 5)).toBe(true)
  })
})
