// A stat cache that knows every file as it is now: with it a folder is scanned, and none of its files opened. The ids
// that it gives are nobody's: such a tree tells names, sizes and kinds.
import type { FileSystem } from '../../core/base/fs-node.ts'
import type { Id } from '../../core/model/id.ts'
import { compareText } from '../../core/base/bytes.ts'
import type { CachedFile, StatCache } from '../stat-cache.ts'
import { stampOf } from '../stat-stamp.ts'

const nobodys = '0'.repeat(64) as Id

/** The cache. What it gives is looked up when it is asked for, so a file that has changed since is known as well. */
export function stampsAlone(fs: FileSystem): StatCache {
  return {
    read: (folder, first, next) => {
      const files = new Map<string, CachedFile>()
      for (const name of fs.readdirSync(folder)) {
        if (compareText(name, first) < 0 || (next !== undefined && compareText(name, next) >= 0)) continue
        const stats = fs.lstatSync(`${folder}/${name}`, { throwIfNoEntry: false })
        if (stats?.isFile() === true) files.set(name, { id: nobodys, stamp: stampOf(stats) })
      }
      return Promise.resolve(files)
    },
    write: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}
