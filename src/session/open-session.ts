// Opens sessions: reads the configuration, finds the store, hands out remotes. The composition root of the library.
import * as nodeFs from 'node:fs'
import { hostname, tmpdir, userInfo } from 'node:os'
import { delimiter, dirname, resolve } from 'node:path'
import type { Ambient } from '../core/base/ambient.ts'
import { closeAll } from '../core/base/closing.ts'
import type { Backend } from '../core/backend/backend.ts'
import type { Context } from '../core/base/context.ts'
import type { FileSystem } from '../core/base/fs-node.ts'
import { isQuiltError, QuiltError } from '../core/base/error.ts'
import type { Identity } from '../core/model/commit.ts'
import { readOnly } from '../core/backend/read-only.ts'
import type { RemoteConfig } from '../core/codec/remotes/config.ts'
import type { Declared } from '../core/repo/guarded.ts'
import { openOrMake, openRepository, type RepositoryOptions } from '../core/repo/open-repository.ts'
import { bucketRemote, type Remote } from '../core/repo/remote.ts'
import type { LocalStore, OpenRemote, Session } from '../package/session.ts'
import type { Env } from '../plugins/api.ts'
import { folderBackend } from '../plugins/builtin.ts'
import { configureRemoteAt, openFiles, openRemote } from '../plugins/host.ts'
import { openTables } from './tables.ts'
import { errnoOf } from '../worktree/file-error.ts'
import { keepsExecutableBit } from '../worktree/executable-bit.ts'
import { noStatCache, openStatCache, type StatCache } from '../worktree/stat-cache.ts'
import { addressOf, folderAt, pathFrom } from './address.ts'
import { machineAmbient } from './ambient.ts'
import { configuredRemotes, joinsPacks, readConfiguration, type Configuration } from './configuration.ts'
import { isOthers, userFolders } from './folders.ts'
import type { cloneGit } from './git-clone.ts'
import { scratchFolder } from './scratch-folder.ts'
import { tidyLocal, tidyPacks } from './tidy.ts'

/** How to open a session. What is left out comes from the environment and the configuration. */
export interface SessionOptions {
  /** The store's folder. */
  readonly store?: string | undefined
  /** Where relative paths begin, and the configuration is looked for. */
  readonly folder?: string | undefined
  readonly env?: Env | undefined
  /** Another file system, such as memfs: for the store, for `file:` remotes, for what is built and exported. */
  readonly fs?: FileSystem | undefined
  readonly ambient?: Ambient | undefined
  /** Bytes a second to and from remotes, on average; as fast as it goes without it. */
  readonly limitRate?: number | undefined
  /** Told what a person should know. */
  readonly onWarning?: ((message: string) => void) | undefined
}

/** A session with its configuration at hand. */
export interface ConfiguredSession extends Session {
  /** As it is now; which store was opened stays. */
  readonly configuration: Configuration
  readonly userFile: string
  /** Reads the configuration again, after it was changed. */
  reload(): Promise<void>
  /**
   * Makes or changes the configuration that lies at a remote.
   * @returns what it says now; `undefined` where nobody can write
   */
  configureRemote(address: URL, declared: Declared, ctx?: Context): Promise<RemoteConfig | undefined>
}

/**
 * Opens a session. Nothing is made on disk before it is needed.
 * @throws INVALID when the configuration is
 * @example const session = await openSession({ store: './store' })
 */
export async function openSession(options: SessionOptions = {}): Promise<ConfiguredSession> {
  const env = options.env ?? process.env
  const folder = resolve(options.folder ?? workingFolder())
  const folders = userFolders(env, process.platform)
  const userFile = folders === undefined ? undefined : `${folders.config}/config.json`
  const warn = options.onWarning ?? ((): void => undefined)
  const read = (): Promise<Configuration> => readConfiguration({ env, folder, userFile, warn })
  let configuration = await read()
  const value = (key: string): string | undefined => configuration.get(key)?.value
  const fs = options.fs ?? nodeFs
  const ambient = options.ambient ?? machineAmbient
  if (options.store === '') throw namelessStore()
  const named = options.store ?? value('store')
  const store = named === undefined ? folders && `${folders.data}/store` : resolve(folder, named)
  const extraFolders = (value('packageDirs') ?? '').split(delimiter).filter((path) => path !== '')
  const tidy = joinsPacks(value('gc.auto')) ? tidyPacks : undefined
  const remotes = openRemotes({
    configuration: () => configuration,
    folder,
    env,
    ambient,
    fs: options.fs,
    tidy,
    limitRate: options.limitRate,
    near: options.fs === undefined && store !== undefined ? `${store}/cache/remotes` : undefined,
  })
  const scratch = scratchFolder(fs, () => `${store ?? tmpdir()}/cache/scratch`, ambient)
  const local = once(() => {
    if (store === undefined) throw noHome('to keep a store in', 'name one with --store DIR or QUILT_STORE')
    if (options.fs === undefined) warnOfOwner(store, warn)
    return openLocal(fs, store, { ambient, tidy: tidy && tidyLocal({ fs, folder: store, scratch }) })
  })
  const extra = once(() =>
    openExtra(
      fs,
      extraFolders.map((path) => resolve(folder, path)),
      { ambient, warn },
    ),
  )
  const cache = once(() => openCache(options.fs, store))
  const onDisk = options.fs === undefined && store !== undefined
  const tables = openTables(
    onDisk ? `${store}/cache/scratch` : `${tmpdir()}/quilt-tables`,
    options.fs === undefined,
    ambient,
  )
  return {
    get configuration() {
      return configuration
    },
    reload: async () => {
      configuration = await read()
    },
    get userFile() {
      if (userFile !== undefined) return userFile
      throw noHome('to keep a configuration in', 'set HOME or XDG_CONFIG_HOME to a folder')
    },
    local: local.get,
    extra: extra.get,
    remote: remotes.open,
    files: (address) => openFiles(address, env, ambient, { limitRate: options.limitRate }),
    configureRemote: (address, declared, ctx) => configureRemoteAt({ address, declared }, env, ambient, ctx),
    get defaultRemote() {
      return value('remote')
    },
    fs,
    statCache: cache.get,
    clone: (what, ctx) => {
      if (options.fs === undefined) return cloneHere(what, env, ctx)
      throw new QuiltError('UNSUPPORTED', 'git repositories are cloned on the real disk only')
    },
    resolvePath: (path) => pathFrom(folder, path),
    windows: process.platform === 'win32',
    keepsExecutableBit: (path) => keepsExecutableBit(fs, path, process.platform === 'win32'),
    ambient,
    scratch,
    tables,
    identity: () => identityFrom(value, ambient),
    warn,
    close: () =>
      closeAll([
        async () => (await cache.made())?.close(),
        () => tables.close(),
        () => scratch.close(),
        async () => (await local.made())?.repository.close(),
        async () => closeAll(((await extra.made()) ?? []).map((one) => () => one.repository.close())),
        () => remotes.close(),
      ]),
  }
}

/** Not loaded before a repository is named. */
async function cloneHere(...args: Parameters<typeof cloneGit>): ReturnType<typeof cloneGit> {
  return (await import('./git-clone.ts')).cloneGit(...args)
}

/** The working directory. @throws NOT_FOUND when it was removed under us */
function workingFolder(): string {
  try {
    return process.cwd()
  } catch (cause) {
    throw new QuiltError('NOT_FOUND', 'the working directory is not there any more', {
      hint: 'go to another one: cd',
      cause,
    })
  }
}

/** Else it would be whatever folder one works in. */
function namelessStore(): QuiltError {
  return new QuiltError('INVALID', 'the store has an empty name', {
    hint: 'is a variable not set? Name a folder, or leave --store out',
  })
}

function noHome(what: string, hint: string): QuiltError {
  return new QuiltError('INVALID', `this user has no home folder ${what}: HOME says none`, { hint })
}

/** What root writes into someone else's store may be closed to its owner. (H133) */
function warnOfOwner(store: string, warn: (message: string) => void): void {
  if (process.getuid?.() !== 0) return
  if (!isOthers(store)) return
  warn(`you are root, and "${store}" belongs to another user, who may not be able to use what is written now`)
}

/** Makes a thing when it is first asked for, and once. */
function once<T>(make: () => Promise<T>): { get: () => Promise<T>; made: () => Promise<T | undefined> } {
  let making: Promise<T> | undefined
  return {
    get: async () => (making ??= make()),
    made: async () => making?.catch(() => undefined),
  }
}

async function openLocal(
  fs: FileSystem,
  folder: string,
  { ambient, tidy }: RepositoryOptions & { readonly ambient: Ambient },
): Promise<LocalStore> {
  const backend = await folderBackend(folder, { fs, randomName: () => ambient.randomName(), near: true })
  const explain = (error: unknown): unknown => {
    if (!isQuiltError(error) || error.hint !== undefined || error.code === 'CORRUPT') return error
    const hint = `the store is "${folder}"; name another one with --store DIR or QUILT_STORE`
    return new QuiltError(error.code, error.message, { hint, cause: error })
  }
  try {
    return { repository: await openOrMake(backend, ambient, undefined, { tidy, explain }), folder }
  } catch (error) {
    throw explain(error)
  }
}

async function openExtra(
  fs: FileSystem,
  folders: readonly string[],
  { ambient, warn }: { readonly ambient: Ambient; readonly warn: (message: string) => void },
): Promise<readonly LocalStore[]> {
  const stores: LocalStore[] = []
  for (const folder of folders) {
    const backend = readOnly(
      await folderBackend(folder, {
        fs,
        randomName: () => ambient.randomName(),
        writable: false,
        near: true,
      }),
    )
    try {
      stores.push({ repository: await openRepository(backend, ambient), folder })
    } catch (error) {
      if (!isQuiltError(error, 'NOT_FOUND')) throw error
      warn(`there is no store in "${folder}", which QUILT_PACKAGE_DIRS or packageDirs names`)
    }
  }
  return stores
}

/** The stat cache beside the store; without the real disk, or where it cannot be written, there is none. */
async function openCache(fs: FileSystem | undefined, store: string | undefined): Promise<StatCache> {
  if (fs !== undefined || store === undefined) return noStatCache
  const folder = `${store}/cache/stat`
  try {
    makeFolder(folder)
  } catch {
    return noStatCache
  }
  return openStatCache(folder, () => {
    nodeFs.rmSync(folder, { recursive: true, force: true })
    makeFolder(folder)
  })
}

/** Node's own recursive mkdir never ends where a file system says ENOENT of a new name, as /proc does. */
function makeFolder(folder: string): void {
  try {
    nodeFs.mkdirSync(folder)
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error
    makeFolder(dirname(folder))
    nodeFs.mkdirSync(folder)
  }
}

interface RemoteParts {
  readonly configuration: () => Configuration
  readonly folder: string
  readonly env: Env
  readonly ambient: Ambient
  readonly fs: FileSystem | undefined
  readonly tidy: RepositoryOptions['tidy']
  readonly limitRate: number | undefined
  /** A folder for copies of what was read from remotes. */
  readonly near: string | undefined
}

function openRemotes(parts: RemoteParts): {
  open: (name: string) => Promise<OpenRemote>
  close: () => Promise<void>
} {
  const opened = new Map<string, Promise<Remote>>()
  return {
    open: async (name) => {
      const address = remoteAddress(parts, name)
      let remote = opened.get(address.href)
      if (remote === undefined) opened.set(address.href, (remote = openAddress(parts, address)))
      return { address: address.href, remote: await remote }
    },
    close: async () => {
      for (const remote of opened.values()) await remote.then((open) => open.close()).catch(() => undefined)
    },
  }
}

async function openAddress(
  { env, ambient, fs, tidy, limitRate, near: folder }: RemoteParts,
  address: URL,
): Promise<Remote> {
  if (fs === undefined || address.protocol !== 'file:') {
    const near =
      folder === undefined || address.protocol === 'file:' ? undefined : await copiesFolder(folder, ambient)
    return openRemote(address, env, ambient, { tidy, limitRate, near })
  }
  const backend = await folderBackend(folderAt(address.href), { fs, randomName: () => ambient.randomName() })
  return bucketRemote(backend, ambient, address.href, { tidy })
}

/** A folder for copies that can be read anew: nothing waits for the disk. */
function copiesFolder(folder: string, ambient: Ambient): Promise<Backend> {
  return folderBackend(folder, { randomName: () => ambient.randomName(), durable: false, near: true })
}

/** A remote's address: by a configured name, as an address, or as a folder's path. */
function remoteAddress({ configuration, folder }: RemoteParts, name: string): URL {
  const known = configuration().get(`remotes.${name}`)?.value
  const names = configuredRemotes(configuration()).map(({ key }) => key)
  return addressOf(known ?? name, (path) => resolve(folder, path), names)
}

function identityFrom(value: (key: string) => string | undefined, ambient: Ambient): Identity {
  const clean = (text: string): string => text.replace(/[\u0000-\u001f\u007f<>]/g, '').slice(0, 200)
  const user = clean(accountName())
  const name = value('author.name') ?? user
  const email = value('author.email') ?? `${user}@${clean(hostname())}`
  return { name, email, time: ambient.now() }
}

function accountName(): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown' // an account without an entry in the system's list, as in some containers
  }
}
