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
  const shown = file === '-' ? 'standard input' : `"${file}"`
  const bytes = await collectBytes(upTo(linesBytes, readInput(file, resolvePath), shown))
  const text = fromUtf8(bytes)
  if (text === undefined) throw new QuiltError('INVALID', `${shown} holds no text in UTF-8`)
  return text.split('\n')
}

/** The same bytes, as long as they are not more than `most`. */
async function* upTo(
  most: number,
  body: AsyncIterable<Uint8Array>,
  shown: string,
): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const part of body) {
    size += part.length
    if (size > most) {
      throw new QuiltError('INVALID', `${shown} holds more than ${String(most / 1024 / 1024)} MiB of lines`)
    }
    yield part
  }
}
