// A file on disk as random access to its bytes, for who looks into it without building it.
import { QuiltError } from '../../core/base/error.ts'
import type { FileSystem } from '../../core/base/fs-node.ts'
import type { ByteSource } from '../../core/base/source.ts'
import { onPath } from '../file-error.ts'
import { openToRead } from '../read-file.ts'

/** A file and its size when it was found. */
export interface OpenableFile {
  readonly path: string
  readonly stats: { readonly size: number }
}

/** The bytes of a file that was found, opened for each reading; UNAVAILABLE when it has become shorter since. */
export function sourceBytes(fs: FileSystem, { path, stats }: OpenableFile): ByteSource {
  return {
    size: stats.size,
    slice: (start, end) => {
      const bytes = new Uint8Array(end - start)
      const handle = openToRead(fs, path)
      try {
        for (let at = 0; at < bytes.length;) {
          const count = onPath('read', path, () =>
            fs.readSync(handle, bytes, at, bytes.length - at, start + at),
          )
          if (count === 0)
            throw new QuiltError('UNAVAILABLE', `"${path}" has changed while it was read`, {
              hint: 'run the same command again when nothing writes to it',
            })
          at += count
        }
      } finally {
        onPath('read', path, () => fs.closeSync(handle))
      }
      return Promise.resolve(bytes)
    },
  }
}
