// A file system of which single calls fail, fall short, or are written down.
import nodeFs from 'node:fs'
import type { FileSystem } from '../../src/core/base/fs-node.ts'

type Promises = FileSystem['promises']
/** An open file of the real file system. */
export type Handle = Awaited<ReturnType<Promises['open']>>

/** What to do otherwise. */
export interface Faults {
  /** Replaces calls on paths. */
  readonly promises?: Partial<Promises>
  /** Replaces methods of each opened file; gets the path it was opened with. */
  readonly handle?: (handle: Handle, path: string) => Partial<Handle>
}

/** The real file system (or `base`) but for these faults. */
export function faultyFs(faults: Faults, base: FileSystem = nodeFs): FileSystem {
  const open = (faults.promises?.open ?? base.promises.open) as (
    path: string,
    ...rest: unknown[]
  ) => Promise<Handle>
  const openFaulty = async (path: string, ...rest: unknown[]): Promise<Handle> => {
    const handle = await open(path, ...rest)
    return faults.handle === undefined ? handle : overlay(handle, faults.handle(handle, path))
  }
  const promises = overlay(base.promises, {
    ...faults.promises,
    open: openFaulty as unknown as Promises['open'],
  })
  return overlay(base, { promises })
}

/** The error that the system gives with this code. */
export function systemError(code: string, call = 'call'): Error {
  return Object.assign(new Error(`${code}: told to fail, ${call}`), { code, errno: -1, syscall: call })
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
