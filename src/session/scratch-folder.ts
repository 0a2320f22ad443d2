// A folder for what gc and verify cannot keep in memory: beside the store's caches, made when it is first needed,
// removed when the session is closed. What a killed process left is removed a day later, by the next one that needs any.
import type { Ambient } from '../core/base/ambient.ts'
import type { FileSystem } from '../core/base/fs-node.ts'
import type { Backend } from '../core/backend/backend.ts'
import type { Scratch } from '../core/repo/sets/scratch.ts'
import { folderBackend } from '../plugins/builtin.ts'

/** A scratch place, and what ends it. */
export interface ScratchFolder extends Scratch {
  close(): void
}

/** A folder that nobody changed for so long, by its own file system's clock, is a dead process's. */
const leftoverMilliseconds = 24 * 60 * 60 * 1000

/** A scratch place in a new folder below `parent`. */
export function scratchFolder(fs: FileSystem, parent: () => string, ambient: Ambient): ScratchFolder {
  let folder: string | undefined
  let opening: Promise<Backend> | undefined
  let keys = 0

  const open = async (): Promise<Backend> => {
    const at = parent()
    folder = `${at}/${ambient.randomName()}`
    fs.mkdirSync(folder, { recursive: true })
    sweep(fs, at, fs.statSync(folder).mtimeMs)
    return folderBackend(folder, { fs, randomName: () => ambient.randomName(), durable: false })
  }

  return {
    open: () => (opening ??= open()),
    newKey: () => `runs/${String(++keys)}`,
    close: () => {
      if (folder !== undefined) fs.rmSync(folder, { recursive: true, force: true })
      folder = opening = undefined
    },
  }
}

/** Removes what dead processes left; another process may do so as well. */
function sweep(fs: FileSystem, parent: string, now: number): void {
  for (const name of fs.readdirSync(parent)) {
    const path = `${parent}/${name}`
    try {
      const changed = [path, `${path}/runs`].map(
        (one) => fs.statSync(one, { throwIfNoEntry: false })?.mtimeMs,
      )
      if (now - Math.max(...changed.map((time) => time ?? 0)) > leftoverMilliseconds)
        fs.rmSync(path, { recursive: true, force: true })
    } catch {
      // It is gone already, or not ours to remove: it takes room, and nothing else.
    }
  }
}
