// Bad input ends in one clear error, and leaves everything as it was.
import { symlinkSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { build } from '../../src/package/build.ts'
import { exportPackage } from '../../src/package/export.ts'
import { inspect } from '../../src/package/inspect.ts'
import { install } from '../../src/package/exchange/install.ts'
import { push } from '../../src/package/exchange/push.ts'
import { ls } from '../../src/package/list.ts'
import { disks, type Disk } from '../support/two-disks.ts'

function fill(disk: Disk): void {
  disk.write({
    'wine/Alice.csv': 'a',
    'wine/a.csv': 'b',
    'wine/a.txt': 'c',
    'wine/9foo.csv': 'd',
    'wine/x-y.csv': 'e',
    'wine/x y.csv': 'f',
  })
}

describe.each(disks)('on %s', (_name, makeDisk) => {
  test.each([
    ['build', ['wine'], 'INVALID'],
    ['build', ['ada/'], 'INVALID'],
    ['build', ['9ada/wine'], 'INVALID'],
    ['build', ['ada/wine@1.0'], 'INVALID'],
    ['build', ['ada/wine', 'nowhere'], 'NOT_FOUND'],
    ['build', ['ada/wine', 'wine/a.csv'], 'INVALID'],
    ['build', ['ada/wine', 'made/build.yml'], 'INVALID'],
    ['build', ['ada/wine', 'made'], 'INVALID'],
  ] as const)('%s %j is refused with %s', async (_verb, [handle, path], code) => {
    const disk = makeDisk()
    fill(disk)
    disk.write({ 'made/build.yml': 'content: {}\n' })
    const ada = await disk.session('ada')
    await expect(build(ada, { handle, path })).rejects.toMatchObject({ code })
    for await (const one of ls(ada)) expect(one).toBeUndefined()
  })

  test('two spellings of a package cannot both exist (H5, H104)', async () => {
    const disk = makeDisk()
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/Wine' })
    await expect(build(ada, { handle: 'Ada/wine' })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await inspect(ada, 'ADA/WINE')).package).toBe('ada/Wine')
  })

  test('nodes answer to the identifiers that Quilt 2 gave, where they are unambiguous', async () => {
    const disk = makeDisk()
    fill(disk)
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    expect((await inspect(ada, 'ada/wine/n9foo')).path).toBe('9foo.csv')
    expect((await inspect(ada, 'ada/wine/a_csv')).path).toBe('a.csv')
    expect((await inspect(ada, 'ada/wine/a_txt')).path).toBe('a.txt')
    await expect(inspect(ada, 'ada/wine/a')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(inspect(ada, 'ada/wine/x_y_csv')).rejects.toMatchObject({ code: 'AMBIGUOUS' })
    await expect(inspect(ada, 'ada/wine/alice.csv')).rejects.toMatchObject({
      hint: 'did you mean Alice.csv?',
    })
  })

  test('an export names what is in the way and writes nothing; with force it replaces files, never folders', async () => {
    const disk = makeDisk()
    fill(disk)
    disk.write({ 'out/a.csv': 'mine', 'out/other.txt': 'mine', 'blocked/a.csv/': '' })
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    const target = { handle: 'ada/wine', destination: 'out' }
    await expect(exportPackage(ada, target)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(disk.paths('out')).toEqual(['a.csv', 'other.txt'])
    await exportPackage(ada, target, { force: true })
    expect([disk.read('out/a.csv'), disk.read('out/other.txt')]).toEqual(['b', 'mine'])
    await expect(
      exportPackage(ada, { handle: 'ada/wine', destination: 'blocked' }, { force: true }),
    ).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(disk.paths('blocked')).toEqual(['a.csv/'])
    await expect(exportPackage(ada, { handle: 'ada/wine', destination: 'ada/packs' })).rejects.toMatchObject({
      code: 'INVALID',
    })
    await expect(
      exportPackage(ada, { handle: 'ada/wine', destination: 'out/a.csv/x' }),
    ).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  test('what is not there, or has no remote, is said with the next command', async () => {
    const disk = makeDisk()
    const ada = await disk.session('ada')
    await expect(inspect(ada, 'ada/wine')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: 'build it with: quilt build ada/wine FOLDER, or install it with: quilt install ada/wine',
    })
    await expect(install(ada, 'ada/wine')).rejects.toMatchObject({ code: 'INVALID' })
    await expect(install(ada, 'ada/wine', { remote: './nothing' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    await expect(install(ada, 'ada/wine', { remote: 'nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(install(ada, 'ada/wine', { remote: 's4://x/y' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
    await build(ada, { handle: 'ada/wine' })
    await expect(push(ada, 'ada/wine')).rejects.toMatchObject({ code: 'INVALID' })
    await expect(inspect(ada, 'ada/wine@1.0')).rejects.toMatchObject({
      hint: 'list them with: quilt version list ada/wine',
    })
    await expect(inspect(ada, 'ada/wine@nope')).rejects.toMatchObject({
      hint: 'list them with: quilt tag list ada/wine',
    })
    await expect(inspect(ada, 'ada/wine@latest~1')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a store of a newer format is left alone (H50)', async () => {
    const disk = makeDisk()
    disk.write({ 'ada/format': 'quilt repository\nformat 2\n' })
    await expect(build(await disk.session('ada'), { handle: 'ada/wine' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
    disk.write({ 'ada/format': 'garbage' })
    await expect(build(await disk.session('ada'), { handle: 'ada/wine' })).rejects.toMatchObject({
      code: 'CORRUPT',
    })
  })

  test('names that are methods of objects are ordinary names (H18)', async () => {
    const disk = makeDisk()
    disk.write({ 'odd/__proto__': '1', 'odd/constructor/toString': '2', 'odd/hasOwnProperty.csv': '3' })
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/constructor', path: 'odd' })
    await exportPackage(ada, { handle: 'ada/constructor', destination: 'out' })
    expect(disk.paths('out')).toEqual([
      '__proto__',
      'constructor/',
      'constructor/toString',
      'hasOwnProperty.csv',
    ])
  })
})

test('special files and links that lead outside are refused; links outside are followed when asked (H8, H20)', async () => {
  const disk = (disks[0] as (typeof disks)[number])[1]()
  disk.write({ 'src/a.txt': 'a', 'elsewhere/b.txt': 'b' })
  symlinkSync('../elsewhere', `${disk.root}/src/out`)
  const ada = await disk.session('ada')
  const target = { handle: 'ada/x', path: 'src' }
  await expect(build(ada, target)).rejects.toMatchObject({ code: 'INVALID' })
  await build(ada, target, { followLinks: true })
  await exportPackage(ada, { handle: 'ada/x', destination: 'out' })
  expect(disk.paths('out')).toEqual(['a.txt', 'out/', 'out/b.txt'])
  execFileSync('mkfifo', [`${disk.root}/src/pipe`])
  await expect(build(ada, target, { followLinks: true })).rejects.toMatchObject({ code: 'INVALID' })
})

test('symbolic links into the store serve an export, and further stores serve reading', async () => {
  const disk = (disks[0] as (typeof disks)[number])[1]()
  fill(disk)
  const ada = await disk.session('ada')
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  await exportPackage(ada, { handle: 'ada/wine', destination: 'links' }, { symlinks: true })
  expect(disk.fs.lstatSync(`${disk.root}/links/a.csv`).isSymbolicLink()).toBe(true)
  expect(disk.read('links/a.csv')).toBe('b')
  const env = { HOME: `${disk.root}/home`, QUILT_PACKAGE_DIRS: `${disk.root}/ada` }
  const ben = await disk.session('ben', { env })
  expect((await inspect(ben, 'ada/wine')).children).toHaveLength(6)
  await exportPackage(ben, { handle: 'ada/wine/a.csv', destination: 'from-extra' })
  expect(disk.read('from-extra/a.csv')).toBe('b')
})
