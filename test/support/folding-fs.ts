// A file system that takes names differing in case for one, as those of Windows and macOS do, over one that does not.
import type { FileSystem } from '../../src/core/base/fs-node.ts'

/** How many of a call's arguments, from the first on, are paths. */
const pathsOf: Readonly<Partial<Record<keyof FileSystem, number>>> = {
  accessSync: 1,
  chmodSync: 1,
  existsSync: 1,
  lstatSync: 1,
  mkdirSync: 1,
  openSync: 1,
  readdirSync: 1,
  readlinkSync: 1,
  realpathSync: 1,
  renameSync: 2,
  rmSync: 1,
  rmdirSync: 1,
  statSync: 1,
  unlinkSync: 1,
}

/** `base`, but a name finds what is there under any case, and keeps the case that it was made with. */
export function foldingFs(base: FileSystem): FileSystem {
  const found = (path: string): string => {
    let real = ''
    for (const name of path.split('/').slice(1)) {
      const folded = name.toLowerCase()
      const names = namesIn(base, real === '' ? '/' : real)
      real += `/${names.includes(name) ? name : (names.find((one) => one.toLowerCase() === folded) ?? name)}`
    }
    return real
  }
  return new Proxy(base, {
    get(target, call: keyof FileSystem) {
      const value: unknown = Reflect.get(target, call)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        const count = pathsOf[call] ?? (call === 'symlinkSync' ? 2 : 0)
        const folded = args.map((arg, i) =>
          i < count && !(call === 'symlinkSync' && i === 0) ? found(String(arg)) : arg,
        )
        return (value as (...all: unknown[]) => unknown).apply(target, folded)
      }
    },
  })
}

function namesIn(fs: FileSystem, folder: string): readonly string[] {
  try {
    return fs.readdirSync(folder)
  } catch {
    return []
  }
}
