// Addresses as people type them: a URL, or a folder's path. Knows no plugin and no configuration.
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { closest } from '../core/base/closest.ts'
import { QuiltError } from '../core/base/error.ts'

const folderPattern = /^(\.{0,2}\/|\.{1,2}$)/
const schemePattern = /^[a-z][a-z0-9+.-]+:/i

/** True for an address or a folder's path, false for what can only be a configured name. */
export function isAddress(text: string): boolean {
  return folderPattern.test(text) || schemePattern.test(text)
}

/**
 * An address from text: an address, or a folder's path. `names` are those that could have been meant instead.
 * @throws INVALID for an address that is none; NOT_FOUND for what is neither
 * @example addressOf('./data', (path) => resolve('/home/ada', path)).href // 'file:///home/ada/data'
 */
export function addressOf(
  text: string,
  resolvePath: (path: string) => string,
  names: readonly string[] = [],
): URL {
  if (folderPattern.test(text)) return pathToFileURL(resolvePath(text))
  if (!schemePattern.test(text)) throw noRemote(text, closest(text, names))
  let url: URL
  try {
    url = new URL(text)
  } catch (cause) {
    throw new QuiltError('INVALID', `invalid address ${JSON.stringify(text.slice(0, 200))}`, { cause })
  }
  if (url.protocol === 'file:') folderAt(text)
  return url
}

/**
 * The path of a `file:` address.
 * @throws INVALID for one that names no folder of this machine
 */
export function folderAt(address: string): string {
  try {
    return fileURLToPath(address)
  } catch (cause) {
    throw new QuiltError('INVALID', `${address.slice(0, 200)} names no folder of this machine`, {
      hint: 'a folder is file:///PATH, or its path alone',
      cause,
    })
  }
}

/**
 * An absolute path, from one that begins at `folder`, or from a `file:` address.
 * @throws INVALID for an empty one, which would be the folder itself, and for an address of no folder
 */
export function pathFrom(folder: string, text: string): string {
  if (text === '') {
    throw new QuiltError('INVALID', 'a path is empty', {
      hint: 'is a variable not set? The working directory is .',
    })
  }
  return text.startsWith('file://') ? folderAt(text) : resolve(folder, text)
}

function noRemote(text: string, meant: string | undefined): QuiltError {
  const name = text.slice(0, 80)
  const otherwise =
    text === ''
      ? 'is a variable not set?'
      : `name one with: quilt remote add NAME ADDRESS; a folder is written ./${name}`
  return new QuiltError('NOT_FOUND', `there is no remote called ${JSON.stringify(name)}`, {
    hint: meant === undefined ? otherwise : `did you mean ${meant}? List them with: quilt remote list`,
  })
}
