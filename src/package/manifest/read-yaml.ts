// Reads a YAML file that people write: bounded, UTF-8, no pipe.
import { fromUtf8 } from '../../core/base/bytes.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { FileSystem } from '../../core/base/fs-node.ts'
import { onPath } from '../../worktree/file-error.ts'
import { openToRead, readUpTo } from '../../worktree/read-file.ts'
import { manifestBytes } from './yaml-value.ts'

/**
 * The text of a YAML file that people write; `shown` is how they know it, `tooLarge` what to do about one that is.
 * @throws INVALID, NOT_FOUND, DENIED, UNAVAILABLE naming the file
 */
export function readYaml(fs: FileSystem, path: string, shown: string, tooLarge?: string): string {
  const handle = openToRead(fs, path)
  try {
    if (!onPath('read', path, () => fs.fstatSync(handle)).isFile())
      throw new QuiltError('INVALID', `"${shown}" is no file`)
    const bytes = onPath('read', path, () => readUpTo(fs, handle, manifestBytes))
    if (bytes.length > manifestBytes) {
      throw new QuiltError(
        'INVALID',
        `"${shown}" is larger than ${String(manifestBytes / 1024 / 1024)} MiB`,
        {
          hint: tooLarge,
        },
      )
    }
    const text = fromUtf8(bytes)
    if (text !== undefined) return text.replace(/^\uFEFF/, '')
    throw new QuiltError('INVALID', `"${shown}" is no valid UTF-8`)
  } finally {
    onPath('read', path, () => fs.closeSync(handle))
  }
}
