// generate: what it writes builds to what the folder builds to, whatever the folder holds.
import nodeFs from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { build } from '../../src/package/build.ts'
import { generate } from '../../src/package/generate.ts'
import { openSession } from '../../src/session/open-session.ts'
import { anyFolder, anyName, writeFolder, type Node } from '../support/random-folders.ts'
import { tempDir } from '../support/temp-dir.ts'
import { disks } from '../support/two-disks.ts'

const words =
  'file package link transform kwargs meta checks environments contents << null true yes No 1 08 1e3 0x1f'
const signs = '- 2020-01-01 # *.csv a? [a] [!a] ** &a *a !a @a `a | > %a \' " {} [ , ? : #a'
const spaced = ['- a', '? a', 'a: b', 'a #b', ' a ', 'a\r\nb', '\t']
const rare = ['\u0001', 'a\u0085b', '\u2028', '\ufeff', '\u007f', '\u0001'.repeat(255), 'x'.repeat(255)]

/** Names that a build file could take for something else, beside any. */
const hardName = fc.oneof(anyName, fc.constantFrom(...`${words} ${signs}`.split(' '), ...spaced, ...rare))

test('the top hash of build(generate(DIR)) is that of build(DIR)', async () => {
  const session = await openSession({
    store: `${tempDir()}/store`,
    env: { QUILT_AUTHOR_NAME: 'ada', HOME: tempDir() },
  })
  const root = tempDir()
  let count = 0
  try {
    await fc.assert(
      fc.asyncProperty(anyFolder(hardName), async (inside: ReadonlyMap<string, Node>) => {
        const folder = `${root}/${String(count++)}`
        writeFolder(nodeFs, folder, inside)
        const plain = await build(session, { handle: 'ada/p', path: folder }, { dryRun: true })
        const { file, files } = await generate(session, folder)
        const again = await build(session, { handle: 'ada/p', path: file }, { dryRun: true })
        const whole = await build(session, { handle: 'ada/p', path: folder }, { dryRun: true })
        expect([again.topHash, whole.topHash]).toEqual([plain.topHash, plain.topHash])
        expect({ files: again.files, bytes: again.bytes }).toEqual({ files, bytes: plain.bytes })
        expect(again.buildFile).toBe(file)
      }),
      { numRuns: 120 },
    )
  } finally {
    await session.close()
  }
}, 60_000)

describe.each(disks)('on %s', (_name, makeDisk) => {
  test('writes names, links, empty folders; leaves out what a build leaves out; opens no file', async () => {
    const disk = makeDisk()
    disk.write({
      'src/a.csv': 'a',
      'src/b c.txt': 'b',
      'src/deep/build.yml': 'data',
      'src/deep/file': 'f',
      'src/empty/': '',
      'src/.hidden': 'h',
      'src/old.log': 'l',
      'src/.quiltignore': '*.log\n',
      'src/kwargs/x': 'x',
    })
    disk.fs.symlinkSync('deep/file', `${disk.root}/src/link`)
    const ada = await disk.session('src/store')
    const plain = await build(ada, { handle: 'ada/wine', path: 'src' })
    const opened: string[] = []
    const { openSync } = disk.fs
    const fs = Object.assign(Object.create(disk.fs) as typeof disk.fs, {
      openSync: (...args: Parameters<typeof openSync>) => {
        opened.push(String(args[0]).slice(disk.root.length + 1))
        return openSync.apply(disk.fs, args)
      },
    })
    expect(await generate({ ...ada, fs } as typeof ada, 'src')).toEqual({
      file: `${disk.root}/src/build.yml`,
      files: 5,
    })
    expect(disk.read('src/build.yml')).toBe(`contents:
  a.csv: { file: a.csv }
  "b c.txt": { file: "b c.txt" }
  deep:
    build.yml: { file: deep/build.yml }
    file: { file: deep/file }
  empty: {}
  "\\\\kwargs":
    x: { file: kwargs/x }
  link: { link: deep/file }
`)
    expect(
      opened.filter((path) => !/^src$|^src\/build\.yml\.[0-9a-f]+\.tmp$|quiltignore|store/.test(path)),
    ).toEqual([])
    const again = await build(ada, { handle: 'ada/wine', path: 'src' })
    expect(again).toMatchObject({ topHash: plain.topHash, unchanged: true, buildFile: 'src/build.yml' })
    expect(
      disk.fs.readdirSync(`${disk.root}/src`).filter((name) => /^\.?build\.yml\./.test(String(name))),
    ).toEqual([])
  })

  test('an empty folder, and one that holds empty ones', async () => {
    const disk = makeDisk()
    disk.write({ 'none/': '', 'some/a/b/': '', 'some/c/': '' })
    const ada = await disk.session('ada')
    await generate(ada, 'none')
    expect(disk.read('none/build.yml')).toBe('contents: {}\n')
    await generate(ada, 'some')
    expect(disk.read('some/build.yml')).toBe('contents:\n  a:\n    b: {}\n  c: {}\n')
  })

  test('a build file that is there is replaced only when asked; what cannot be built cannot be generated', async () => {
    const disk = makeDisk()
    disk.write({ 'src/a': 'a', 'src/build.yml': 'mine' })
    const ada = await disk.session('ada')
    await expect(generate(ada, 'src')).rejects.toMatchObject({
      code: 'CONFLICT',
      hint: 'replace it with --force',
    })
    expect(disk.read('src/build.yml')).toBe('mine')
    await generate(ada, 'src', { force: true })
    expect(disk.read('src/build.yml')).toBe('contents:\n  a: { file: a }\n')
    await expect(generate(ada, 'src/a')).rejects.toMatchObject({ code: 'INVALID' })
    await expect(generate(ada, 'nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    disk.write({ 'out/x': '', 'bad/y': '' })
    disk.fs.symlinkSync('../out', `${disk.root}/bad/link`)
    await expect(generate(ada, 'bad')).rejects.toMatchObject({ code: 'INVALID' })
    expect(disk.paths('bad')).toEqual(['link', 'y'])
  })
})
