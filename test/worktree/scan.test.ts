// Names in a folder: order, and those that no tree can hold; rules that cannot be read.
import { execFileSync } from 'node:child_process'
import nodeFs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compareText } from '../../src/core/base/bytes.ts'
import { checkScanned, readNames, readRules } from '../../src/worktree/scan.ts'
import { disks } from '../support/two-disks.ts'
import { tempDir } from '../support/temp-dir.ts'

describe.each(disks)('on %s', (_name, make) => {
  test('H131: names come in the order of their UTF-8 bytes', () => {
    const disk = make()
    const names = ['b', 'a', 'B', 'ä', 'é', '-', ' ', 'a.b', 'a-b', '\u{10000}', '\uffee', '__proto__', '漢']
    disk.write(Object.fromEntries(names.map((name) => [`in/${name}`, ''])))
    expect(readNames(disk.fs, `${disk.root}/in`)).toEqual([...names].sort(compareText))
    disk.write({ 'plain/b': '', 'plain/A': '', 'plain/a': '', 'plain/10': '', 'plain/9': '' })
    expect(readNames(disk.fs, `${disk.root}/plain`)).toEqual(['10', '9', 'A', 'a', 'b'])
  })

  test('a name that holds U+FFFD in so many words is taken', () => {
    const disk = make()
    disk.write({ 'in/a\uFFFDb': '' })
    expect(readNames(disk.fs, `${disk.root}/in`)).toEqual(['a\uFFFDb'])
  })

  test('a folder that is not there is named', () => {
    const disk = make()
    expect(() => readNames(disk.fs, `${disk.root}/nowhere`)).toThrow(/nowhere/)
  })

  test('reads the rules of a folder that has any, without a byte-order mark', () => {
    const disk = make()
    disk.write({ 'in/.quiltignore': '\uFEFF*.log\n', 'none/': '' })
    expect(readRules(disk.fs, `${disk.root}/in`, ['.quiltignore', 'a'])).toBe('*.log\n')
    expect(readRules(disk.fs, `${disk.root}/none`, ['a'])).toBeUndefined()
  })

  test.each([
    ['is a folder', 'in/.quiltignore/', ''],
    ['is no UTF-8, as PowerShell writes it', 'in/.quiltignore', Buffer.from('\uFEFF*.log', 'utf16le')],
    ['is larger than 1 MiB', 'in/.quiltignore', '#'.repeat(1024 * 1024 + 1)],
  ])('refuses rules when their file %s', (_why, path, body) => {
    const disk = make()
    disk.write({ [path]: body })
    expect(() => readRules(disk.fs, `${disk.root}/in`, ['.quiltignore'])).toThrow(/quiltignore/)
  })

  test('refuses rules that a broken link hides, rather than skipping them', () => {
    const disk = make()
    disk.write({ 'in/': '' })
    disk.fs.symlinkSync('nowhere', `${disk.root}/in/.quiltignore`)
    expect(() => readRules(disk.fs, `${disk.root}/in`, ['.quiltignore'])).toThrow(/no such file/)
  })

  test('follows a link to rules', () => {
    const disk = make()
    disk.write({ 'in/': '', rules: 'a' })
    disk.fs.symlinkSync('../rules', `${disk.root}/in/.quiltignore`)
    expect(readRules(disk.fs, `${disk.root}/in`, ['.quiltignore'])).toBe('a')
  })
})

test.runIf(process.platform === 'linux')('H15: refuses names that are no UTF-8', () => {
  const root = tempDir()
  nodeFs.writeFileSync(Buffer.concat([Buffer.from(`${root}/a`), Buffer.of(0xff)]), '')
  nodeFs.writeFileSync(Buffer.concat([Buffer.from(`${root}/a`), Buffer.of(0xfe)]), '')
  expect(() => readNames(nodeFs, root)).toThrow(/no valid UTF-8: "aþ"|no valid UTF-8: "aÿ"/)
})

test.runIf(process.platform === 'linux')('rules in a pipe are refused, and not waited for', () => {
  const root = tempDir()
  execFileSync('mkfifo', [`${root}/.quiltignore`])
  expect(() => readRules(nodeFs, root, ['.quiltignore'])).toThrow(/is no file/)
})

describe('what no tree can hold', () => {
  test.each([
    ['H3: a NUL', 'a\0b'],
    ['H1: a backslash', 'a\\b'],
    ['H16: a lone surrogate', 'a\ud800'],
    ['H11: 256 bytes', 'ä'.repeat(128)],
  ])('%s', (_why, name) => {
    expect(() => checkScanned(`/x/${name}`, name, 'file')).toThrow(/cannot be kept/)
  })

  test('H11: 255 bytes are kept', () => {
    expect(() => checkScanned('/x', `${'ä'.repeat(127)}b`, 'file')).not.toThrow()
  })

  test.each(['-x', '__proto__', 'constructor', 'a\nb', '\u202Eb', 'CON', 'a:b', 'a.', ' '])(
    'H14, H17, H18: %j is a name like any other',
    (name) => {
      expect(() => checkScanned(`/x/${name}`, name, 'folder')).not.toThrow()
    },
  )

  test('H20: what is neither file, folder nor link', () => {
    expect(() => checkScanned('/x/pipe', 'pipe', 'special')).toThrow(/"\/x\/pipe" cannot be kept/)
  })
})
