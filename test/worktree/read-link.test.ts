// Links: kept exactly while they stay inside; outside refused, or followed, and never round in a circle.
import nodeFs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readLink, type FoundLink } from '../../src/worktree/read-link.ts'
import { tempDir } from '../support/temp-dir.ts'
import { disks, type Disk } from '../support/two-disks.ts'

describe.each(disks)('on %s', (_name, make) => {
  const read = (disk: Disk, target: string, outside: 'refuse' | 'follow', depth = 0): FoundLink => {
    const path = `${disk.root}/in/link`
    disk.write({ 'in/': '' })
    disk.fs.symlinkSync(target, path)
    return readLink(disk.fs, outside, { path, depth, followed: [] })
  }

  test.each(['a', './a', 'a/b', 'a//b', 'not-there', '-x', 'ä', '...', ' '])(
    'keeps the target %j to the letter',
    (target) => {
      expect(read(make(), target, 'refuse')).toEqual({ kind: 'link', target })
    },
  )

  test('climbs as far as there are groups above', () => {
    expect(read(make(), '../../a', 'refuse', 2)).toEqual({ kind: 'link', target: '../../a' })
    expect(() => read(make(), '../../a', 'refuse', 1)).toThrow(/points outside/)
  })

  test.each(['../a', '/etc/passwd', 'a/../../b', 'C:x', '/dev/zero', '..'])(
    'H8: refuses the target %j, naming the link',
    (target) => {
      expect(() => read(make(), target, 'refuse')).toThrow(/in\/link" cannot be kept/)
    },
  )

  test('follows to a file and to a folder when asked', () => {
    const disk = make()
    disk.write({ 'out/file': 'x', 'out/folder/a': 'y' })
    expect(read(disk, '../out/file', 'follow')).toMatchObject({ kind: 'file', path: `${disk.root}/out/file` })
    disk.fs.unlinkSync(`${disk.root}/in/link`)
    expect(read(disk, `${disk.root}/out/folder`, 'follow')).toEqual({
      kind: 'folder',
      path: `${disk.root}/out/folder`,
      followed: [`${disk.root}/in`],
    })
  })

  test('what is no link any more is said to be none', () => {
    const disk = make()
    disk.write({ 'in/link': 'x' })
    const place = { path: `${disk.root}/in/link`, depth: 0, followed: [] }
    expect(() => readLink(disk.fs, 'follow', place)).toThrow(/in\/link" is no link any more/)
  })

  test('a link to follow that leads nowhere is named', () => {
    expect(() => read(make(), '../nowhere', 'follow')).toThrow(/cannot follow ".*in\/link"/)
  })

  test.each(['..', '../in', '../../'])('refuses to follow %j, which leads round', (target) => {
    expect(() => read(make(), target, 'follow')).toThrow(/leads to a folder that it lies in/)
  })

  test('refuses to follow to a folder out of which it was come to', () => {
    const disk = make()
    disk.write({ 'one/': '', 'two/': '' })
    disk.fs.symlinkSync('../one', `${disk.root}/two/back`)
    const place = { path: `${disk.root}/two/back`, depth: 0, followed: [`${disk.root}/one/deep`] }
    expect(() => readLink(disk.fs, 'follow', place)).toThrow(/leads to a folder that it lies in/)
  })

  test('two links that lead to each other, outside, are refused', () => {
    const disk = make()
    disk.write({ 'in/': '' })
    disk.fs.symlinkSync(`${disk.root}/in/b`, `${disk.root}/in/a`)
    disk.fs.symlinkSync(`${disk.root}/in/a`, `${disk.root}/in/b`)
    expect(() => readLink(disk.fs, 'follow', { path: `${disk.root}/in/a`, depth: 0, followed: [] })).toThrow(
      /cannot follow/,
    )
  })
})

test.runIf(process.platform === 'linux')('H15: refuses a target that is no UTF-8', () => {
  const root = tempDir()
  nodeFs.symlinkSync(Buffer.of(0x61, 0xff), `${root}/link`)
  expect(() => readLink(nodeFs, 'refuse', { path: `${root}/link`, depth: 0, followed: [] })).toThrow(
    /no valid UTF-8/,
  )
})

test.runIf(process.platform === 'linux')('H20: refuses to follow to a device', () => {
  const root = tempDir()
  nodeFs.symlinkSync('/dev/zero', `${root}/link`)
  expect(() => readLink(nodeFs, 'follow', { path: `${root}/link`, depth: 0, followed: [] })).toThrow(
    /neither a file nor a folder/,
  )
})
