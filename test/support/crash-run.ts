// One scenario, one fault, one instant: what must hold afterwards, whatever it was.
import type { FileSystem } from '../../src/core/base/fs-node.ts'
import { isQuiltError, type ErrorCode } from '../../src/core/base/error.ts'
import { gc } from '../../src/package/gc.ts'
import type { Fault } from '../../src/testing/fault.ts'
import { faultyFileSystem } from '../../src/testing/faulty-fs.ts'
import { mortalDisk, type MortalDisk } from '../../src/testing/power-cut.ts'
import { beginning, type Scenario } from './crash-scenarios.ts'
import {
  contentsOf,
  digestOfImage,
  dice,
  digestOf,
  diskOf,
  imageOf,
  problemsOf,
  root,
  stateOf,
  within,
  type DiskImage,
  type MemoryFs,
} from './crash-world.ts'

/** What a scenario begins with, and what it ends with when nothing goes wrong. */
export interface Course {
  readonly scenario: Scenario
  readonly image: DiskImage
  readonly before: Look
  readonly after: Look
}

/** A disk, as it is seen from outside. */
interface Look {
  readonly states: Readonly<Record<string, string>>
  readonly folder: string
  /** Digests of packages by top hash. */
  readonly contents: ReadonlyMap<string, string>
}

const courses = new Map<Scenario, Promise<Course>>()

/** Runs a scenario undisturbed, once. */
export function courseOf(scenario: Scenario): Promise<Course> {
  const known = courses.get(scenario) ?? run(scenario)
  courses.set(scenario, known)
  return known
}

async function run(scenario: Scenario): Promise<Course> {
  const image = await beginning(scenario)
  const fs = diskOf(image)
  const before = await look(fs, scenario)
  await within(fs, scenario.who, scenario.act)
  const after = await look(fs, scenario)
  const problems = await Promise.all(scenario.stores.map((store) => problemsOf(fs, store)))
  if (problems.flat().length > 0) throw new Error(problems.flat().join('\n'))
  return { scenario, image, before, after }
}

async function look(fs: FileSystem, { stores, folder }: Scenario): Promise<Look> {
  const states: Record<string, string> = {}
  const contents = new Map<string, string>()
  for (const store of stores) {
    states[store] = await stateOf(fs, store)
    for (const [hash, digest] of await contentsOf(fs, store)) contents.set(hash, digest)
  }
  return { states, folder: folder === undefined ? '' : digestOf(fs, `${root}/${folder}`), contents }
}

/** Every fault, by a name. Bits are flipped in what stores hold: of sources nobody knows what they should be. */
export const faults: Readonly<Record<string, Fault>> = {
  EIO: { kind: 'fail', code: 'EIO' },
  'EIO, though it was done': { kind: 'fail', code: 'EIO', done: true },
  ENOSPC: { kind: 'fail', code: 'ENOSPC' },
  'ENOSPC from then on': { kind: 'fail', code: 'ENOSPC', lasting: true },
  EACCES: { kind: 'fail', code: 'EACCES' },
  EMFILE: { kind: 'fail', code: 'EMFILE' },
  'a torn write': { kind: 'tear' },
  'a short write': { kind: 'short' },
  'a flipped bit': { kind: 'flip' },
  'a power cut': { kind: 'stop' },
  'a power cut right after': { kind: 'stop', done: true },
}

const inStores = (path: string): boolean => /^\/work\/(ada|ben|eve|shared|fresh)\//.test(path)

/** How many operations of a scenario a fault can befall. */
export async function pointsOf({ scenario, image }: Course, fault: Fault): Promise<number> {
  const where = fault.kind === 'flip' ? inStores : () => true
  const { fs, record } = faultyFileSystem(diskOf(image), { fault, at: Infinity, where })
  await within(fs, scenario.who, scenario.act)
  return record.seen
}

/** A fault and its operation. */
export interface Break {
  readonly fault: Fault
  readonly at: number
  /** Look at every disk that may be left, not at one of them. */
  readonly thorough: boolean
}

/** Runs a scenario with a fault; gives what is wrong then, each with the disk on which it is. */
export async function breakAt(course: Course, { fault, at, thorough }: Break): Promise<readonly string[]> {
  const { scenario, image } = course
  const live = diskOf(image)
  const disk = mortalDisk(live, root)
  const where = fault.kind === 'flip' ? inStores : () => true
  const { fs, record } = faultyFileSystem(disk.fs, { fault, at, where })
  const problems: string[] = []
  let done = true
  try {
    await within(fs, scenario.who, scenario.act)
    // What was never met shows nothing.
    if (record.hit === undefined) problems.push('no operation was hit')
  } catch (error) {
    done = false
    problems.push(...wrongError(fault, error, record.hit ?? ''))
  }
  if (tidies(fault, record.hit ?? '')) problems.push(...leftovers(live, scenario))
  // Before anything is tried again, which would change the live disk.
  const possible = imagesAfter(fault, disk, { live, at })
  const images = thorough ? possible : possible.slice(at % possible.length).slice(0, 1)
  const seen = new Set<string>()
  for (const [name, after] of images) {
    const digest = digestOfImage(after)
    if (seen.has(digest)) continue
    seen.add(digest)
    const denied = fault.kind === 'fail' && fault.code === 'EACCES'
    const found = await checkDisk(course, after, { done, denied, cut: name !== 'as it is' })
    problems.push(...found.map((problem) => `${name}: ${problem}`))
  }
  return problems.map((problem) => `at ${String(at)}, ${record.hit ?? 'nothing hit'}: ${problem}`)
}

/** The disks to look at: as it is, and after a power cut that drops what was not synced, or some of it. */
function imagesAfter(
  { kind }: Fault,
  disk: MortalDisk,
  { live, at }: { readonly live: FileSystem; readonly at: number },
): readonly (readonly [string, DiskImage])[] {
  const lost = ['all unsynced lost', disk.survivors(() => 0)] as const
  if (kind !== 'stop') return [['as it is', imageOf(live)], lost]
  return [
    ['killed', imageOf(live)],
    lost,
    ['unsynced bytes lost', disk.survivors((count, what) => (what === 'bytes' ? 0 : count - 1))],
    ['some unsynced lost', disk.survivors(dice(at))],
  ]
}

const expectedCodes: Readonly<Record<string, ErrorCode>> = {
  EIO: 'UNAVAILABLE',
  ENOSPC: 'UNAVAILABLE',
  EMFILE: 'UNAVAILABLE',
  EACCES: 'DENIED',
}

function wrongError(fault: Fault, error: unknown, hit: string): readonly string[] {
  if (fault.kind === 'stop') return []
  if (!isQuiltError(error)) return [`not one of our errors: ${String(error)}`]
  const told = [`told as ${error.code}: ${error.message}`]
  if (fault.kind === 'fail') return error.code === expectedCodes[fault.code] ? [] : told
  if (fault.kind === 'tear') return error.code === 'UNAVAILABLE' ? [] : told
  // An index is looked up without reading all of it: an id that is damaged in it is not found.
  if (error.code === 'NOT_FOUND' && hit.includes('/index/')) return []
  return error.code === 'CORRUPT' ? [] : told
}

/** Who fails tidies up; but neither what it cannot remove, nor what it was told is not there. */
function tidies(fault: Fault, hit: string): boolean {
  if (/^(unlink|close|rm)/.test(hit)) return false
  return fault.kind !== 'stop' && !(fault.kind === 'fail' && fault.done === true && hit.startsWith('open'))
}

function leftovers(fs: FileSystem, { stores }: Scenario): readonly string[] {
  return stores.flatMap((store) =>
    ['tmp', 'writers']
      .map((folder) => `${root}/${store}/${folder}`)
      .filter((folder) => fs.existsSync(folder))
      .flatMap((folder) => fs.readdirSync(folder).map((name) => `left ${folder}/${name}`)),
  )
}

/** What must hold of a disk, then once more after another try. */
async function checkDisk(
  { scenario, before, after }: Course,
  image: DiskImage,
  { done, denied, cut }: { readonly done: boolean; readonly denied: boolean; readonly cut: boolean },
): Promise<readonly string[]> {
  const fs = diskOf(image)
  const problems: string[] = []
  const see = async (when: string, whole: boolean): Promise<boolean> => {
    let isAfter = true
    try {
      const now = await look(fs, scenario)
      for (const store of scenario.stores) {
        const state = now.states[store]
        if (state === after.states[store]) continue
        isAfter = false
        const mayLack = denied && when === 'afterwards' && store === scenario.notes
        if ((whole && !mayLack) || state !== before.states[store])
          problems.push(`${when}, ${store} is ${String(state)}`)
      }
      if (now.folder !== after.folder) {
        isAfter = false
        // An export is not promised to survive a power cut, only never to be half there without one.
        const mayBeTorn = cut && when === 'afterwards'
        if (!mayBeTorn && (whole || now.folder !== before.folder))
          problems.push(`${when}, the folder is other`)
      }
      for (const [hash, digest] of now.contents) {
        if (digest !== (after.contents.get(hash) ?? before.contents.get(hash)))
          problems.push(`${when}, ${hash} has other bytes`)
      }
      for (const store of scenario.stores) {
        problems.push(
          ...(await problemsOf(fs, store)).map((problem) => `${when}, verify of ${store}: ${problem}`),
        )
      }
    } catch (error) {
      problems.push(`${when}, ${String(error)}`)
    }
    return isAfter
  }
  const wasDone = await see('afterwards', done)
  try {
    await within(fs, scenario.who, scenario.act)
  } catch (error) {
    const expected = wasDone && scenario.again !== undefined && isQuiltError(error, scenario.again)
    const isTorn = !wasDone && cut && scenario.over !== undefined && isQuiltError(error, 'CONFLICT')
    if (isTorn) await within(fs, scenario.who, scenario.over)
    else if (!expected) problems.push(`tried again: ${String(error)}`)
  }
  await see('tried again', true)
  for (const store of scenario.stores) problems.push(...(await unswept(fs, store)))
  return problems
}

/** What two days and two runs of gc leave of what was unfinished, and what verify finds then. */
async function unswept(fs: MemoryFs, store: string): Promise<readonly string[]> {
  if (!fs.existsSync(`${root}/${store}/format`)) return []
  const folders = ['tmp', 'writers', 'condemned', 'lapsed'].map((name) => `${root}/${store}/${name}`)
  const left = (): readonly string[] =>
    folders
      .filter((folder) => fs.existsSync(folder))
      .flatMap((folder) => fs.readdirSync(folder).map((name) => `${folder}/${String(name)}`))
  try {
    for (let times = 0; times < 2; times++) {
      const then = new Date(Date.now() - 48 * 60 * 60 * 1000)
      for (const path of left()) fs.utimesSync(path, then, then)
      await within(fs, store, (session) => gc(session, { patience: 0 }))
    }
  } catch (error) {
    return [`collected, ${String(error)}`]
  }
  const found = await problemsOf(fs, store)
  return [
    ...left().map((path) => `never swept: ${path}`),
    ...found.map((it) => `collected, verify of ${store}: ${it}`),
  ]
}

/** Runs a scenario that is held up at operation `at` while gc and repack run on its stores; gives what is wrong then. */
export async function holdUpAt({ scenario, image, after }: Course, at: number): Promise<readonly string[]> {
  const live = diskOf(image)
  const { fs, record } = faultyFileSystem(live, { fault: { kind: 'delay', milliseconds: 120 }, at })
  const problems: string[] = []
  const note = (who: string) => (error: unknown) => void problems.push(`${who}: ${String(error)}`)
  const acting = within(fs, scenario.who, scenario.act).catch(note(scenario.name))
  let isOver = false
  void acting.finally(() => {
    isOver = true
  })
  while (record.hit === undefined && !isOver) await new Promise((resolve) => setImmediate(resolve))
  if (record.hit === undefined) problems.push('the operation was never reached')
  const collect = async (): Promise<void> => {
    for (const store of scenario.stores) {
      if (!live.existsSync(`${root}/${store}/format`)) continue
      await within(live, store, (session) => gc(session, { patience: 0, joinSmall: true })).catch(note('gc'))
    }
  }
  const check = async (when: string): Promise<void> => {
    const now = await look(live, scenario)
    for (const store of scenario.stores) {
      const state = now.states[store]
      if (state !== after.states[store]) problems.push(`${when}, ${store} is ${String(state)}`)
      const found = await problemsOf(live, store)
      problems.push(...found.map((problem) => `${when}, verify of ${store}: ${problem}`))
    }
    for (const [hash, digest] of after.contents) {
      if (now.contents.has(hash) && now.contents.get(hash) !== digest)
        problems.push(`${when}, ${hash} has other bytes`)
    }
  }
  await collect() // condemns, and waits for the one that is held up
  await acting
  await check('held up')
  await collect() // deletes what was condemned: nobody has to be waited for any more
  await check('collected')
  return problems.map((problem) => `at ${String(at)}, ${record.hit ?? 'nothing hit'}: ${problem}`)
}
