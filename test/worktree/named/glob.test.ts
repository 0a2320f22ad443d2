// What patterns match on a disk: as Python's pathlib does, but nothing outside, nothing of the store, and in bounded time.
import { describe, expect, test } from 'vitest'
import { matchFiles } from '../../../src/worktree/named/glob.ts'
import { sourceRoot } from '../../../src/worktree/named/place.ts'
import { disks, type Disk } from '../../support/two-disks.ts'

async function matched(disk: Disk, pattern: string, outside = false): Promise<readonly string[]> {
  disk.write({ 'top/build.yml': '' })
  const root = sourceRoot(disk.fs, `${disk.root}/top/build.yml`, { store: `${disk.root}/top/store`, outside })
  const real = disk.fs.realpathSync(`${disk.root}`)
  return (await matchFiles(root, pattern)).map(({ path }) => path.slice(real.length + 1))
}

describe.each(disks)('on %s', (_name, makeDisk) => {
  test('stars, sets and folders match as in pathlib, dot files too, sorted part by part', async () => {
    const disk = makeDisk()
    const paths = ['a.csv', 'b.txt', '.hidden.csv', 'x/a.csv', 'x/y/c.csv', 'x-y/d.csv', 'x/build.yml']
    disk.write(Object.fromEntries(paths.map((path) => [`top/${path}`, path])))
    disk.write({ 'top/x.csv/': '' })
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ['*', ['.hidden.csv', 'a.csv', 'b.txt']],
      ['*.csv', ['.hidden.csv', 'a.csv']],
      ['*/*', ['x-y/d.csv', 'x/a.csv', 'x/build.yml']],
      ['**/*.csv', ['.hidden.csv', 'a.csv', 'x/a.csv', 'x/y/c.csv', 'x-y/d.csv']],
      ['x/**/*.csv', ['x/a.csv', 'x/y/c.csv']],
      ['**/y/**/*', ['x/y/c.csv']],
      ['x/**', []],
      ['**', []],
      ['[!a]*.csv', ['.hidden.csv']],
      ['x/a.csv', ['x/a.csv']],
      ['nowhere/*', []],
      ['a.csv/*', []],
    ]
    for (const [pattern, found] of cases) {
      expect([pattern, [...(await matched(disk, pattern))].sort()]).toEqual([
        pattern,
        found.map((one) => `top/${one}`).sort(),
      ])
    }
    expect(await matched(disk, '**/*.csv')).toEqual(
      ['.hidden.csv', 'a.csv', 'x/a.csv', 'x/y/c.csv', 'x-y/d.csv'].map((one) => `top/${one}`),
    )
  })

  test('H122: links are followed while they stay inside, and lead round in no circle', async () => {
    const disk = makeDisk()
    disk.write({ 'top/in/a.csv': 'a', 'out/b.csv': 'b', 'top/store/c.csv': 'c' })
    const link = (target: string, at: string): void => disk.fs.symlinkSync(target, `${disk.root}/${at}`)
    link('in', 'top/inside')
    link('../out', 'top/outside')
    link('../../out/b.csv', 'top/in/b.csv')
    link('..', 'top/in/round')
    link('nowhere', 'top/in/gone')
    expect(await matched(disk, '*/*.csv')).toEqual(['top/in/a.csv', 'top/in/a.csv'])
    expect(await matched(disk, '**/*.csv')).toEqual(['top/in/a.csv'])
    expect(await matched(disk, 'in/round/in/*.csv')).toEqual([])
    await expect(matched(disk, '../out/*')).rejects.toMatchObject({ code: 'INVALID' })
    expect(await matched(disk, '*/*.csv', true)).toEqual([
      'top/in/a.csv',
      'out/b.csv',
      'top/in/a.csv',
      'out/b.csv',
      'out/b.csv',
    ])
    expect(await matched(disk, '../out/*', true)).toEqual(['out/b.csv'])
  })

  test('many folders-stars and many links take no more time than the folders', async () => {
    const disk = makeDisk()
    for (let i = 0; i < 12; i++) {
      disk.write({ [`top/d${String(i)}/f`]: '' })
      for (let j = 0; j < 12; j++)
        disk.fs.symlinkSync(`../d${String(j)}`, `${disk.root}/top/d${String(i)}/l${String(j)}`)
    }
    const started = performance.now()
    expect(await matched(disk, '**/a/**/b/**/c/**/d/**/*')).toEqual([])
    expect(await matched(disk, '**/*/**/f')).toHaveLength(12 + 12 * 11)
    expect(performance.now() - started).toBeLessThan(5000)
  })
})
