// A file system of which one operation goes wrong, or of which single calls are replaced.
import nodeFs from 'node:fs'
import type { FileSystem } from '../core/base/fs-node.ts'
import {
  delayed,
  faultCounter,
  faultError,
  flipBit,
  isDoneFirst,
  type Effect,
  type Fault,
  type FaultPlan,
  type FaultRecord,
} from './fault.ts'

type Promises = FileSystem['promises']
/** An open file of whichever file system. */
export type FileHandle = Awaited<ReturnType<Promises['open']>>
type AnyFunction = (...args: unknown[]) => unknown

/** A file system, and what became of the fault. */
export interface FaultyFileSystem {
  readonly fs: FileSystem
  readonly record: FaultRecord
}

/** Calls by the effect they have; `open` is looked at more closely. Others never fail. */
const effects: Readonly<Record<string, Effect>> = {
  access: 'look',
  chmod: 'change',
  close: 'close',
  fstat: 'look',
  fsync: 'sync',
  link: 'change',
  lstat: 'look',
  mkdir: 'change',
  open: 'open',
  read: 'read',
  readdir: 'open',
  readlink: 'look',
  realpath: 'look',
  rename: 'change',
  rm: 'remove',
  rmdir: 'remove',
  stat: 'look',
  symlink: 'change',
  sync: 'sync',
  unlink: 'remove',
  utimes: 'change',
  write: 'write',
}

/**
 * `inner`, but for one fault. Every call on a path or an open file is one operation, those of `promises` and those
 * that end in `Sync` alike; but not `existsSync`, which cannot fail, nor closing what was opened to be read. Only
 * those of `promises` can be delayed.
 * @example const { fs, record } = faultyFileSystem(nodeFs, { fault: { kind: 'fail', code: 'ENOSPC' }, at: 3 })
 */
export function faultyFileSystem(inner: FileSystem, plan: FaultPlan): FaultyFileSystem {
  const counter = faultCounter(plan)
  /** What is open, by descriptor. */
  const opened = new Map<unknown, Opened>()

  const next = (name: string, known: Opened | undefined, args: readonly unknown[]): Fault | undefined => {
    const effect = effects[name]
    if (effect === undefined || (effect === 'close' && known?.writing !== true)) return undefined
    const path = known?.path ?? String(args[0])
    return counter.next({ name, path, effect: name === 'open' && isCreating(args[1]) ? 'create' : effect })
  }

  const wrapSync = (full: string, call: AnyFunction): AnyFunction => {
    const name = full.slice(0, -'Sync'.length)
    return (...args) => {
      const fault = next(name, opened.get(args[0]), args)
      const error = fault && faultError(fault, name)
      if (fault === undefined || (error === undefined && !isCut(fault))) {
        const result = call(...args)
        if (name === 'open') opened.set(result, openedBy(args))
        if (fault?.kind === 'flip') flipRead(args, result)
        return result
      }
      // Closed is closed, whatever it says; and half a write is there.
      if (name === 'close' || isDoneFirst(fault)) call(...args)
      if (!isCut(fault)) return fail(error)
      const written = call(...halved(args, 3))
      return error === undefined ? written : fail(error)
    }
  }

  const wrapAsync =
    (name: string, known: Opened | undefined, call: AnyFunction): AnyFunction =>
    async (...args) => {
      const fault = next(name, known, args)
      await delayed(fault)
      const error = fault && faultError(fault, name)
      if (fault === undefined || (error === undefined && !isCut(fault))) {
        const result = await call(...args)
        if (fault?.kind === 'flip')
          flipRead([undefined, ...args], (result as { bytesRead: number }).bytesRead)
        return name === 'open' ? wrapHandle(result as FileHandle, openedBy(args)) : result
      }
      if (name === 'close' || isDoneFirst(fault)) await call(...args)
      if (!isCut(fault)) return fail(error)
      const written = await call(...halved(args, 2))
      return error === undefined ? written : fail(error)
    }

  const wrapHandle = (handle: FileHandle, known: Opened): FileHandle =>
    mapMethods(handle, (name, call) => wrapAsync(name, known, call))

  const promises = mapMethods(inner.promises, (name, call) => wrapAsync(name, undefined, call))
  const waits = plan.fault.kind === 'delay'
  const fs = mapMethods(inner, (name, call) =>
    name.endsWith('Sync') && !waits ? wrapSync(name, call) : call,
  )
  return { fs: overlay(fs, { promises }), record: counter }
}

/** An open file or folder. */
interface Opened {
  readonly path: string
  readonly writing: boolean
}

function openedBy([path, flags]: readonly unknown[]): Opened {
  return { path: String(path), writing: isCreating(flags) }
}

/** What to do otherwise. */
export interface Replaced {
  /** Replaces calls on paths. */
  readonly promises?: Partial<Promises>
  /** Replaces methods of each opened file; gets the path it was opened with. */
  readonly handle?: (handle: FileHandle, path: string) => Partial<FileHandle>
}

/**
 * The real file system (or `base`) with single calls replaced, where a plan says too little.
 * @example replaceCalls({ promises: { link: () => Promise.reject(systemError('ENOTSUP')) } })
 */
export function replaceCalls(replaced: Replaced, base: FileSystem = nodeFs): FileSystem {
  const open = (replaced.promises?.open ?? base.promises.open) as (
    path: string,
    ...rest: unknown[]
  ) => Promise<FileHandle>
  const openReplaced = async (path: string, ...rest: unknown[]): Promise<FileHandle> => {
    const handle = await open(path, ...rest)
    return replaced.handle === undefined ? handle : overlay(handle, replaced.handle(handle, path))
  }
  const promises = overlay(base.promises, {
    ...replaced.promises,
    open: openReplaced as unknown as Promises['open'],
  })
  return overlay(base, { promises })
}

/** `base` with some members replaced; its own methods keep their `this`. */
function overlay<T extends object>(base: T, replaced: Partial<T>): T {
  return new Proxy(base, {
    get(target, name) {
      const own: unknown = Reflect.get(replaced, name)
      if (own !== undefined) return own
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** `base` with each method made anew from the old one. */
export function mapMethods<T extends object>(
  base: T,
  make: (name: string, call: AnyFunction) => AnyFunction,
): T {
  const made = new Map<PropertyKey, AnyFunction>()
  return new Proxy(base, {
    get(target, name) {
      const known = made.get(name)
      if (known !== undefined) return known
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function' || typeof name !== 'string') return value
      const wrapped = make(name, (value as AnyFunction).bind(target))
      made.set(name, wrapped)
      return wrapped
    },
  })
}

/** True for flags by which `open` makes a file. */
export function isCreating(flags: unknown): boolean {
  return typeof flags === 'string'
    ? /[wa]/.test(flags)
    : (Number(flags ?? 0) & nodeFs.constants.O_CREAT) !== 0
}

function isCut({ kind }: Fault): boolean {
  return kind === 'tear' || kind === 'short'
}

function fail(error: Error | undefined): never {
  throw error
}

/** The arguments of a write, of half as many bytes: `length` at its place among them. */
function halved(args: readonly unknown[], lengthAt: number): unknown[] {
  const bytes = args[lengthAt - 2] as Uint8Array
  const start = Number(args[lengthAt - 1] ?? 0)
  const length = Number(args[lengthAt] ?? bytes.length - start)
  return [...args.slice(0, lengthAt - 1), start, Math.ceil(length / 2), ...args.slice(lengthAt + 1)]
}

/** Turns a bit of what was read: `(handle, buffer, offset)`. */
function flipRead(args: readonly unknown[], count: unknown): void {
  const start = Number(args[2] ?? 0)
  if (args[1] instanceof Uint8Array) flipBit(args[1], start, start + Number(count))
}
