// Finding packages by what they say.
import { describe, expect, test } from 'vitest'
import { build } from '../../../src/package/build.ts'
import { push } from '../../../src/package/exchange/push.ts'
import { search } from '../../../src/package/search/search.ts'
import { queryWords, wordsOf } from '../../../src/package/search/words.ts'
import type { Session } from '../../../src/package/session.ts'
import { disks, type Disk } from '../../support/two-disks.ts'

test.each([
  ['WineReviews_2019', ['wine', 'review', '2019']],
  ['dog2cats', ['dog', '2', 'cat']],
  ['Élan vital!', ['elan', 'vital']],
  ['glass status', ['glass', 'status']],
  ['名前', ['名前']],
])('the words of %j', (text, words) => {
  expect(wordsOf(text)).toEqual(words)
})

test('stop words count only when there are no others', () => {
  expect(queryWords(['the wine of the'])).toEqual(['wine'])
  expect(queryWords(['the'])).toEqual(['the'])
  expect(queryWords(['!'])).toEqual([])
})

async function shelf(disk: Disk): Promise<Session> {
  const ada = await disk.session('ada')
  const packages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'ada/wine': { 'data.txt': 'a\n' },
    'ada/drinks': { 'red/wine.txt': 'a\n' },
    'ada/notes': { 'README.md': '# About wines and cheese\n', 'x.txt': 'x\n' },
    'ada/dogs_cats': { 'y.txt': 'y\n' },
    'ada/other': {
      'build.yml': 'contents:\n  z: { file: z.txt, meta: { origin: "Bordeaux wine" } }\n',
      'z.txt': 'z\n',
    },
  }
  for (const [name, files] of Object.entries(packages)) {
    const folder = name.replace('/', '-')
    disk.write(Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text])))
    const path = 'build.yml' in files ? `${folder}/build.yml` : folder
    await build(ada, { handle: name, path })
    await push(ada, name, { remote: './shared' })
  }
  return ada
}

describe.each(disks)('on %s', (_name, makeDisk) => {
  test('packages come by where they say it: name, node, metadata, README; here and on a remote', async () => {
    const disk = makeDisk()
    const ada = await shelf(disk)
    const ben = await disk.session('ben')
    for (const found of [await search(ada, ['wine']), await search(ben, ['Wines'], { remote: './shared' })]) {
      expect(found.map((one) => [one.package, one.matches])).toEqual([
        ['ada/wine', ['name']],
        ['ada/drinks', ['node']],
        ['ada/other', ['metadata']],
        ['ada/notes', ['readme']],
      ])
    }
    expect(await search(ben, ['wine'])).toEqual([])
  })

  test('all words must be said; words of a name count apart and together; a beginning is enough', async () => {
    const disk = makeDisk()
    const ada = await shelf(disk)
    const names = async (...words: readonly string[]): Promise<readonly string[]> =>
      (await search(ada, words)).map((one) => one.package)
    expect(await names('wine', 'cheese')).toEqual(['ada/notes'])
    expect(await names('dogscats')).toEqual(['ada/dogs_cats'])
    expect(await names('cat')).toEqual(['ada/dogs_cats'])
    expect(await names('bord')).toEqual(['ada/other'])
    expect(await names('wine', 'nothing')).toEqual([])
    expect(await search(ada, ['ada'], { limit: 2 })).toHaveLength(2)
    await expect(search(ada, ['?!'])).rejects.toMatchObject({ code: 'INVALID' })
  })
})
