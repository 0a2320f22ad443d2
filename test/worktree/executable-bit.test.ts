// Which file systems keep an executable bit.
import nodeFs from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { FileSystem } from '../../src/core/base/fs-node.ts'
import { keepsExecutableBit } from '../../src/worktree/executable-bit.ts'
import { disks } from '../support/two-disks.ts'

const withType = (type: number): FileSystem => ({ ...nodeFs, statfsSync: () => ({ type }) })

test.each([
  ['FAT', 0x4d44, false],
  ['exFAT', 0x2011bab0, false],
  ['NTFS', 0x5346544e, false],
  ['NTFS3', 0x7366746e, false],
  ['CIFS', 0xff534d42, false],
  ['CIFS, as a signed number', 0xff534d42 | 0, false],
  ['SMB2', 0xfe534d42, false],
  ['9p', 0x01021997, false],
  ['ext4', 0xef53, true],
  ['XFS', 0x58465342, true],
  ['Btrfs', 0x9123683e, true],
  ['tmpfs', 0x01021994, true],
  ['NFS', 0x6969, true],
])('%s', (_name, type, keeps) => {
  expect(keepsExecutableBit(withType(type), '/x', false)).toBe(keeps)
  expect(keepsExecutableBit(withType(type), '/x', true)).toBe(false)
})

test('one that cannot say keeps it', () => {
  const { statfsSync: _, ...silent } = nodeFs
  expect(keepsExecutableBit(silent, '/x', false)).toBe(true)
  const fail = (): never => {
    throw new Error('no')
  }
  expect(keepsExecutableBit({ ...nodeFs, statfsSync: fail }, '/x', false)).toBe(true)
})

describe.each(disks)('on %s', (_name, make) => {
  test('asks and writes nothing', () => {
    const disk = make()
    expect(keepsExecutableBit(disk.fs, disk.root, false)).toBe(true)
    expect(disk.paths('')).toEqual([])
  })
})
