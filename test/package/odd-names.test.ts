// A build warns of names that another machine cannot hold, once: when they are new.
import { expect, test } from 'vitest'
import { build } from '../../src/package/build.ts'
import { disks, type Disk } from '../support/two-disks.ts'

const memfs = disks[1] as readonly [string, () => Disk]

test('H4, H5: names that differ by case or form, or that Windows reserves, are warned of', async () => {
  const disk = memfs[1]()
  disk.write({
    'wine/a/Merlot.csv': '1',
    'wine/a/merlot.csv': '2',
    'wine/caf\u00e9': '3',
    'wine/cafe\u0301': '4',
    'wine/CON.txt': '5',
    'wine/x.': '6',
    'wine/good.csv': '7',
  })
  const warnings: string[] = []
  const ada = await disk.session('ada', { onWarning: (message) => warnings.push(message) })
  await build(ada, { handle: 'ada/wine', path: 'wine' }, { dryRun: true })
  expect(warnings.splice(0).toSorted()).toEqual([
    '"CON.txt" cannot be written on Windows',
    '"a/Merlot.csv" and "a/merlot.csv" are one name where case or Unicode form does not matter',
    '"cafe\u0301" and "caf\u00e9" are one name where case or Unicode form does not matter',
    '"x." cannot be written on Windows',
  ])
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  expect(warnings.splice(0)).toHaveLength(4)
  disk.write({ 'wine/new.csv': '8', 'wine/GOOD.csv': '9' })
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  expect(warnings.splice(0)).toEqual([
    '"GOOD.csv" and "good.csv" are one name where case or Unicode form does not matter',
  ])
  for (let i = 0; i < 9; i++) disk.write({ [`wine/aux.${String(i)}`]: 'x' })
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  expect(warnings).toHaveLength(6)
  expect(warnings.at(-1)).toBe('4 more names like these')
})
