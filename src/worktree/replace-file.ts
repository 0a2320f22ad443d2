// Writes one file whole or not at all: beside its place first, then moved there.
import { dirname } from 'node:path'
import type { Bytes } from '../core/base/bytes.ts'
import { iterateBytes } from '../core/base/bytes.ts'
import { checkSignal, type Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import type { FileSystem } from '../core/base/fs-node.ts'
import { errnoOf, fileError, onPath } from './file-error.ts'

/** Where to write. */
export interface FilePlace {
  readonly fs: FileSystem
  /** Absolute. */
  readonly path: string
  /** A name that nobody else has. */
  readonly randomName: string
  /** Refuse to replace what is there. */
  readonly absent?: boolean
  /** Who may read it and write to it, less what the umask takes away; everyone unless told. */
  readonly mode?: number
}

/**
 * Writes a file; what was there is replaced in one step, and stays when this fails.
 * @throws CONFLICT with `absent`, when something is there; DENIED, NOT_FOUND, UNAVAILABLE naming the file
 */
export function replaceFile(place: FilePlace, body: Bytes, ctx?: Context): Promise<void> {
  const { fs, path } = place
  return replaceFileBy(place, async (temporary) => {
    const handle = onPath('write', path, () => fs.openSync(temporary, 'r+'))
    try {
      for await (const part of iterateBytes(body)) {
        checkSignal(ctx)
        for (let at = 0; at < part.length;)
          at += onPath('write', path, () => fs.writeSync(handle, part, at, part.length - at))
      }
    } finally {
      fs.closeSync(handle)
    }
  })
}

/**
 * The same for a file that `write` fills, which is empty and has another name meanwhile.
 * @throws what `write` throws, and as `replaceFile` does
 */
export async function replaceFileBy(
  { fs, path, randomName, absent = false, mode = 0o666 }: FilePlace,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  if (absent && fs.existsSync(path)) throw isThere(path)
  const temporary = `${path}.${randomName.slice(0, 12)}.tmp`
  onPath('write', path, () => fs.closeSync(fs.openSync(temporary, 'wx', mode)))
  try {
    await write(temporary)
    onPath('write', path, () => syncFile(fs, temporary))
    moveThere(fs, temporary, path, absent)
    syncFolder(fs, dirname(path))
  } catch (error) {
    fs.rmSync(temporary, { force: true })
    throw error
  }
}

function syncFile(fs: FileSystem, path: string): void {
  const handle = fs.openSync(path, 'r+')
  try {
    fs.fsyncSync(handle)
  } finally {
    fs.closeSync(handle)
  }
}

function moveThere(fs: FileSystem, temporary: string, path: string, absent: boolean): void {
  try {
    if (absent) {
      fs.linkSync(temporary, path)
      fs.unlinkSync(temporary)
      return
    }
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw isThere(path)
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoOf(error) ?? ''))
      throw fileError(error, 'write', path)
    // No hard links here.
  }
  onPath('write', path, () => fs.renameSync(temporary, path))
}

function isThere(path: string): QuiltError {
  return new QuiltError('CONFLICT', `"${path}" exists`, { hint: 'replace it with --force' })
}

/** So that the name survives a power cut too; not every system can. */
function syncFolder(fs: FileSystem, folder: string): void {
  try {
    const handle = fs.openSync(folder, 'r')
    try {
      fs.fsyncSync(handle)
    } finally {
      fs.closeSync(handle)
    }
  } catch {
    // The file is whole in any case.
  }
}
