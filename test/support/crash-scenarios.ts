// What is done while something breaks: every verb that changes a store, a remote or a folder.
import type { FileSystem } from '../../src/core/base/fs-node.ts'
import type { ErrorCode } from '../../src/core/base/error.ts'
import { build } from '../../src/package/build.ts'
import { install } from '../../src/package/exchange/install.ts'
import { push } from '../../src/package/exchange/push.ts'
import { exportPackage } from '../../src/package/export.ts'
import { gc } from '../../src/package/gc.ts'
import { tagAdd, tagRemove, versionAdd } from '../../src/package/names/naming.ts'
import { rm } from '../../src/package/remove.ts'
import type { Session } from '../../src/package/session.ts'
import { diskOf, imageOf, root, within, type DiskImage } from './crash-world.ts'
import { noise } from './store-bench.ts'

/** One verb at work. */
export interface Scenario {
  readonly name: string
  readonly who: string
  /** The stores that it may change. */
  readonly stores: readonly string[]
  /** A store that notes what was done elsewhere, or goes without where it may not be written to: with a warning. */
  readonly notes?: string
  /** A folder that it writes, beside stores. */
  readonly folder?: string
  readonly prepare?: (fs: FileSystem) => Promise<unknown>
  readonly act: (session: Session) => Promise<unknown>
  /** The same over whatever a power cut has left of the folder. */
  readonly over?: (session: Session) => Promise<unknown>
  /** How it ends when it has been done already. */
  readonly again?: ErrorCode
}

const shared = { remote: './shared' }

/** Sources, a store with packages and waste, a remote with one of them, and someone who has installed it. */
async function makeWorld(): Promise<DiskImage> {
  const fs = diskOf([])
  const write = (path: string, body: string | Uint8Array): void => {
    const full = `${root}/${path}`
    fs.mkdirSync(full.slice(0, full.lastIndexOf('/')), { recursive: true })
    fs.writeFileSync(full, body)
  }
  for (const version of ['v1', 'v2']) {
    write(`${version}/README.md`, `# wine, ${version}\n`)
    write(`${version}/reds/merlot.csv`, 'year,litres\n2020,12\n'.repeat(300))
    write(`${version}/reds/${version}.csv`, `year,litres\n2021,${version}\n`)
    write(`${version}/empty.txt`, '')
    fs.symlinkSync('reds/merlot.csv', `${root}/${version}/best.csv`)
  }
  const big = noise(300_000, 7)
  write('v1/big.bin', big)
  write('v2/big.bin', Uint8Array.from([...big.subarray(0, 250_000), 1, 2, 3, ...big.subarray(250_000)]))
  write('white/riesling.csv', 'a,b\n1,2\n')
  await within(fs, 'ada', async (ada) => {
    await build(ada, { handle: 'ada/old', path: 'white' })
    write('white/old.bin', noise(30_000, 8))
    await build(ada, { handle: 'ada/old', path: 'white' })
    await build(ada, { handle: 'ada/wine', path: 'v1' }, { message: 'first' })
    await tagAdd(ada, { pkg: 'ada/wine', tag: 'prod', revision: 'latest' })
    await versionAdd(ada, { pkg: 'ada/wine', version: '1.0', revision: 'latest' })
    await push(ada, 'ada/wine', shared)
    await build(ada, { handle: 'ada/local', path: 'v2/reds' })
    await rm(ada, 'ada/old')
  })
  await within(fs, 'ben', (ben) => install(ben, 'ada/wine', shared))
  return imageOf(fs)
}

const buildSecond = (fs: FileSystem): Promise<unknown> =>
  within(fs, 'ada', (ada) => build(ada, { handle: 'ada/wine', path: 'v2' }, { message: 'second' }))
const pushSecond = async (fs: FileSystem): Promise<unknown> => {
  await buildSecond(fs)
  return within(fs, 'ada', (ada) => push(ada, 'ada/wine'))
}

/** Builds until the packs of one more are worth joining. */
const manyBuilds = async (fs: FileSystem): Promise<unknown> =>
  within(fs, 'ada', async (ada) => {
    for (let i = 0; fs.readdirSync(`${root}/ada/packs`).length < 11; i++) {
      if (i === 20) throw new Error('packs were joined too early')
      await build(ada, { handle: `ada/many${String(i)}` })
      await build(ada, { handle: `ada/many${String(i)}/one`, path: i % 2 === 0 ? 'white' : 'v1' })
    }
  })

/** All scenarios. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'build in a new store',
    who: 'eve',
    stores: ['eve'],
    act: (eve) => build(eve, { handle: 'eve/new', path: 'v1' }),
  },
  {
    name: 'build',
    who: 'ada',
    stores: ['ada'],
    act: (ada) => build(ada, { handle: 'ada/wine', path: 'v2' }, { message: 'second' }),
  },
  {
    name: 'build, the last of many',
    who: 'ada',
    stores: ['ada'],
    prepare: manyBuilds,
    act: (ada) => build(ada, { handle: 'ada/wine', path: 'v2' }, { message: 'second' }),
  },
  {
    name: 'build of a node',
    who: 'ada',
    stores: ['ada'],
    act: (ada) => build(ada, { handle: 'ada/wine/reds', path: 'white' }),
  },
  {
    name: 'push',
    who: 'ada',
    stores: ['ada', 'shared'],
    prepare: buildSecond,
    act: (ada) => push(ada, 'ada/wine'),
  },
  {
    name: 'push to a new remote',
    who: 'ada',
    stores: ['ada', 'fresh'],
    notes: 'ada',
    act: (ada) => push(ada, 'ada/local', { remote: './fresh' }),
  },
  {
    name: 'push of a node',
    who: 'ada',
    stores: ['ada', 'shared'],
    prepare: buildSecond,
    act: (ada) => push(ada, 'ada/wine/reds'),
  },
  {
    name: 'install',
    who: 'ben',
    stores: ['ben', 'shared'],
    prepare: pushSecond,
    act: (ben) => install(ben, 'ada/wine'),
  },
  {
    name: 'install into a new store',
    who: 'eve',
    stores: ['eve', 'shared'],
    act: (eve) => install(eve, 'ada/wine', shared),
  },
  {
    name: 'install of a part',
    who: 'eve',
    stores: ['eve', 'shared'],
    act: (eve) => install(eve, 'ada/wine/reds', shared),
  },
  {
    name: 'export',
    who: 'ada',
    stores: ['ada'],
    folder: 'out',
    act: (ada) => exportPackage(ada, { handle: 'ada/wine', destination: 'out' }),
    over: (ada) => exportPackage(ada, { handle: 'ada/wine', destination: 'out' }, { force: true }),
    again: 'CONFLICT',
  },
  {
    name: 'export over what is there',
    who: 'ada',
    stores: ['ada'],
    act: (ada) => exportPackage(ada, { handle: 'ada/wine', destination: 'v1' }, { force: true }),
  },
  {
    name: 'export of links',
    who: 'ada',
    stores: ['ada'],
    folder: 'out',
    act: (ada) => exportPackage(ada, { handle: 'ada/wine', destination: 'out' }, { symlinks: true }),
    over: (ada) =>
      exportPackage(ada, { handle: 'ada/wine', destination: 'out' }, { symlinks: true, force: true }),
    again: 'CONFLICT',
  },
  { name: 'rm', who: 'ada', stores: ['ada'], act: (ada) => rm(ada, 'ada/local'), again: 'NOT_FOUND' },
  { name: 'gc', who: 'ada', stores: ['ada'], act: (ada) => gc(ada, { patience: 0 }) },
  {
    name: 'repack',
    who: 'ada',
    stores: ['ada'],
    prepare: buildSecond,
    act: (ada) => gc(ada, { patience: 0, joinSmall: true }),
  },
  {
    name: 'tag add',
    who: 'ada',
    stores: ['ada', 'shared'],
    prepare: pushSecond,
    act: (ada) => tagAdd(ada, { pkg: 'ada/wine', tag: 'prod', revision: 'latest' }),
  },
  {
    name: 'tag add at a remote',
    who: 'ada',
    stores: ['ada', 'shared'],
    act: (ada) => tagAdd(ada, { pkg: 'ada/wine', tag: 'best', revision: 'latest' }, shared),
  },
  {
    name: 'tag remove',
    who: 'ada',
    stores: ['ada', 'shared'],
    act: (ada) => tagRemove(ada, { pkg: 'ada/wine', tag: 'prod' }),
    again: 'NOT_FOUND',
  },
  {
    name: 'version add',
    who: 'ada',
    stores: ['ada'],
    act: (ada) => versionAdd(ada, { pkg: 'ada/local', version: '2.0', revision: 'latest' }),
    again: 'CONFLICT',
  },
]

let world: Promise<DiskImage> | undefined

/** The disk on which a scenario begins. */
export async function beginning({ prepare }: Scenario): Promise<DiskImage> {
  const fs = diskOf(await (world ??= makeWorld()))
  await prepare?.(fs)
  return imageOf(fs)
}
