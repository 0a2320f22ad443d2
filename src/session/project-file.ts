// Finds and reads a project's configuration file, upwards from a folder. Files are data: of cosmiconfig only the
// loaders of JSON and YAML are used, since its search runs `.config/config.js`, and its `$import` whatever it names.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { defaultLoaders } from 'cosmiconfig'
import { QuiltError } from '../core/base/error.ts'
import { errnoOf, fileError } from '../worktree/file-error.ts'
import { isOthers } from './folders.ts'

/** What a project's file says, not checked yet. */
export interface ProjectFile {
  readonly path: string
  readonly config: unknown
}

/** Looked for in this order; what package.json says lies under `quilt`. */
const places: readonly string[] = [
  'package.json',
  ...['', '.json', '.yaml', '.yml'].map((end) => `.quiltrc${end}`),
  ...['.json', '.yaml', '.yml'].map((end) => `quilt.config${end}`),
]
/** Largest file that is read, in bytes. */
const mostBytes = 16 * 1024 * 1024

/**
 * The nearest file that says something. One that another user put there (in /tmp, say) does not tell where our
 * data goes: it is told of, and passed over.
 * @throws INVALID naming the file that cannot be read as JSON or YAML; DENIED, UNAVAILABLE
 */
export function findProjectFile(folder: string, warn: (message: string) => void): ProjectFile | undefined {
  for (let at = folder; ; at = dirname(at)) {
    for (const place of places) {
      const path = join(at, place)
      const config = readOne(path, place)
      if (config === undefined || config === null) continue
      if (!isOthers(path)) return { path, config }
      warn(`"${path}" belongs to another user, so its configuration is not read`)
    }
    if (dirname(at) === at) return undefined
  }
}

/** What a file says; `undefined` where there is none, or nothing in it. */
function readOne(path: string, place: string): unknown {
  const text = readText(path)
  if (text === undefined || text.trim() === '') return undefined
  const load = defaultLoaders[place.endsWith('.json') ? '.json' : '.yaml']
  let value: unknown
  try {
    value = load(path, text)
  } catch (cause) {
    throw damagedConfiguration(path, cause)
  }
  if (place !== 'package.json') return value
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'quilt')
    ? (value as { readonly quilt: unknown }).quilt
    : undefined
}

function readText(path: string): string | undefined {
  let handle: number
  try {
    handle = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)) // a pipe is not waited for
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoOf(error) ?? '')) return undefined
    throw fileError(error, 'read', path)
  }
  try {
    const found = fstatSync(handle)
    if (!found.isFile()) return undefined
    if (found.size > mostBytes) throw damagedConfiguration(path, new Error('it is larger than 16 MiB'))
    return readFileSync(handle, 'utf8')
  } catch (error) {
    throw fileError(error, 'read', path)
  } finally {
    closeSync(handle)
  }
}

/** The error for a file that is no configuration. */
export function damagedConfiguration(file: string, cause: unknown): QuiltError {
  const lines = cause instanceof Error ? cause.message.split('\n') : []
  // cosmiconfig says first which file it is of.
  const why = lines.find((line) => line.trim() !== '' && !/^(?:JSON|YAML) Error in /.test(line)) ?? ''
  return new QuiltError('INVALID', `the configuration in "${file}" cannot be read: ${why.trim()}`, {
    hint: 'mend the file, or remove it',
    cause,
  })
}
