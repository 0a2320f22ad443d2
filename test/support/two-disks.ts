// The same tests on the real disk and on memfs: a session, and files to build from.
import nodeFs from 'node:fs'
import { randomBytes } from 'node:crypto'
import { Volume, createFsFromVolume } from 'memfs'
import { onTestFinished } from 'vitest'
import type { FileSystem } from '../../src/core/base/fs-node.ts'
import { openSession, type ConfiguredSession, type SessionOptions } from '../../src/session/open-session.ts'
import { tempDir } from './temp-dir.ts'

/** A disk for one test. */
export interface Disk {
  readonly fs: FileSystem & typeof nodeFs
  /** An empty folder of one's own. */
  readonly root: string
  /** A session whose store is `root`/NAME; closed after the test. */
  session(name: string, options?: SessionOptions): Promise<ConfiguredSession>
  /** Writes files below `root`; a path that ends in `/` is a folder. */
  write(files: Readonly<Record<string, string | Uint8Array>>): void
  /** Reads a file below `root` as text. */
  read(path: string): string
  /** All paths below a folder of `root`, ascending; folders end in `/`. */
  paths(folder: string): readonly string[]
}

/** Disks by name: to be used with `describe.each`. */
export const disks: readonly (readonly [string, () => Disk])[] = [
  ['the real disk', () => diskOn(nodeFs, tempDir())],
  [
    'memfs',
    () => {
      const fs = createFsFromVolume(new Volume()) as unknown as typeof nodeFs
      fs.mkdirSync('/work', { recursive: true })
      return diskOn(fs, '/work')
    },
  ],
]

function diskOn(fs: typeof nodeFs, root: string): Disk {
  return {
    fs,
    root,
    session: async (name, options = {}) => {
      const env = { HOME: `${root}/home`, QUILT_AUTHOR_NAME: name, QUILT_AUTHOR_EMAIL: `${name}@example.org` }
      const own = fs === nodeFs ? {} : { fs }
      const session = await openSession({ store: `${root}/${name}`, folder: root, env, ...own, ...options })
      onTestFinished(() => session.close())
      return session
    },
    write: (files) => {
      for (const [path, body] of Object.entries(files)) {
        const full = `${root}/${path}`
        fs.mkdirSync(path.endsWith('/') ? full : full.slice(0, full.lastIndexOf('/')), { recursive: true })
        if (!path.endsWith('/')) fs.writeFileSync(full, body)
      }
    },
    read: (path) => fs.readFileSync(`${root}/${path}`, 'utf8'),
    paths: (folder) => pathsBelow(fs, `${root}/${folder}`, ''),
  }
}

function pathsBelow(fs: typeof nodeFs, root: string, prefix: string): string[] {
  return fs
    .readdirSync(`${root}/${prefix}`)
    .map(String)
    .sort()
    .flatMap((name) => {
      const path = `${prefix}${name}`
      if (!fs.lstatSync(`${root}/${path}`).isDirectory()) return [path]
      return [`${path}/`, ...pathsBelow(fs, root, `${path}/`)]
    })
}

/** Bytes that no one guesses and no one compresses. */
export function noise(length: number): Uint8Array {
  return randomBytes(length)
}

/** Does something without the rights of root, to whom nothing is denied; others do it as they are. */
export async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return act()
  process.seteuid?.(65534)
  try {
    return await act()
  } finally {
    process.seteuid?.(0)
  }
}
