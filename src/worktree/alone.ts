// What lies in a table's folder and is none of its files: whoever reads the folder would take it for a part.
import { QuiltError } from '../core/base/error.ts'
import type { FileSystem } from '../core/base/fs-node.ts'
import { isWithin } from '../core/model/path.ts'
import type { CheckoutItem } from './checkout-target.ts'
import { onPath } from './file-error.ts'
import { statusOf } from './stage.ts'

/** Sees items go by, folders before what is in them. */
export interface Strangers {
  see(item: CheckoutItem): void
  /** @throws CONFLICT when something lies where a table is to lie alone */
  end(): void
}

/** Looks below `folder`, where a checkout is to go. */
export function strangersIn(fs: FileSystem, folder: string): Strangers {
  let root: string | undefined
  let there = new Set<string>()
  const end = (): void => {
    for (const path of there) throw notAlone(folder, path)
  }
  return {
    see: ({ path, entry, alone }) => {
      if (root !== undefined && !isWithin(path, root)) {
        end()
        root = undefined
      }
      if (alone === true && entry.type === 'group') {
        root = path
        there = new Set(filesBelow(fs, folder, path))
      } else if (root !== undefined) there.delete(path)
    },
    end,
  }
}

/** Readers of such folders pass over names that begin so: `_SUCCESS`, `.part-0.crc`. */
export function isHidden(path: string): boolean {
  return /^[._]/.test(path.slice(path.lastIndexOf('/') + 1))
}

/** The error for a path that is in the way, with or without --force. */
export function notAlone(place: string, path: string): QuiltError {
  return new QuiltError(
    'CONFLICT',
    `at "${place}" lies "${path}", which would be read as a part of the table`,
    {
      hint: 'remove what is there, or name another place',
    },
  )
}

function* filesBelow(fs: FileSystem, folder: string, path: string): Generator<string> {
  const place = `${folder === '/' ? '' : folder}/${path}`
  if (statusOf(fs, place)?.isDirectory() !== true) return
  for (const name of onPath('read', place, () => fs.readdirSync(place))) {
    const below = `${path}/${name}`
    if (statusOf(fs, `${place}/${name}`)?.isDirectory() === true) yield* filesBelow(fs, folder, below)
    else if (!isHidden(name)) yield below
  }
}
