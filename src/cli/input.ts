// What plumbing reads: a file, or standard input where `-` stands.
import { createReadStream } from 'node:fs'
import { QuiltError } from '../core/base/error.ts'
import { collectBytes, fromUtf8 } from '../core/base/bytes.ts'
import { fileError } from '../worktree/file-error.ts'

/** Most that is read as lines, in bytes. */
const linesBytes = 256 * 1024 * 1024

/** The bytes of a file or of standard input, as they come. */
export async function* readInput(
  file: string,
  resolvePath: (path: string) => string,
): AsyncGenerator<Uint8Array> {
  const stream =
    file === '-' ? process.stdin : createReadStream(resolvePath(file), { highWaterMark: 1024 * 1024 })
  try {
    for await (const part of stream) yield part as Uint8Array
  } catch (error) {
    throw fileError(error, 'read', file)
  }
}

/**
 * The lines of a file or of standard input.
 * @throws INVALID for what is no UTF-8, or too much
 */
export async function readLines(
  file: string,
  resolvePath: (path: string) => string,
): Promise<readonly string[]> {
  const bytes = await collectBytes(readInput(file, resolvePath))
  const text = bytes.length > linesBytes ? undefined : fromUtf8(bytes)
  if (text === undefined) throw new QuiltError('INVALID', `"${file}" holds no text in UTF-8`)
  return text.split('\n')
}
