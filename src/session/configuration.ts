// Configuration: flags over QUILT_* variables over the project's files over the user's. Files are data: none runs.
import * as nodeFs from 'node:fs'
import { delimiter, dirname, resolve } from 'node:path'
import type { Ambient } from '../core/base/ambient.ts'
import { utf8 } from '../core/base/bytes.ts'
import { closest } from '../core/base/closest.ts'
import { isQuiltError, QuiltError } from '../core/base/error.ts'
import type { Env } from '../plugins/api.ts'
import { fileError, onPath } from '../worktree/file-error.ts'
import { replaceFile } from '../worktree/replace-file.ts'
import { damagedConfiguration, findProjectFile } from './project-file.ts'

/** Every key that a configuration may hold. `remotes.NAME` stands for any name. */
export const configurationKeys = [
  'store',
  'packageDirs',
  'remote',
  'remotes.NAME',
  'author.name',
  'author.email',
  'gc.auto',
] as const

/** The variable that says a key, where there is one. */
const configurationVariables: Readonly<Record<string, string>> = {
  store: 'QUILT_STORE',
  packageDirs: 'QUILT_PACKAGE_DIRS',
  remote: 'QUILT_REMOTE',
  'author.name': 'QUILT_AUTHOR_NAME',
  'author.email': 'QUILT_AUTHOR_EMAIL',
  'gc.auto': 'QUILT_GC_AUTO',
}

/** One value and where it is from: a file's path, a variable's name, or `default`. */
export interface ConfiguredValue {
  readonly key: string
  readonly value: string
  readonly source: string
}

/** What a configuration is read from. */
export interface ConfigurationSources {
  readonly env: Env
  /** The folder from which upwards the project's files are looked for. */
  readonly folder: string
  /** The user's own file; a user without a home has none. */
  readonly userFile: string | undefined
  /** Told of a file that is not read because of whose it is. */
  readonly warn: (message: string) => void
}

/** All values, by key. */
export type Configuration = ReadonlyMap<string, ConfiguredValue>

const remotePattern = /^remotes\.([A-Za-z][A-Za-z0-9_.-]{0,63})$/

/**
 * Reads all values.
 * @throws INVALID naming the file and what is wrong in it
 */
export async function readConfiguration(sources: ConfigurationSources): Promise<Configuration> {
  const values = new Map<string, ConfiguredValue>()
  const add = (found: readonly ConfiguredValue[]): void => {
    for (const value of found) values.set(value.key, value)
  }
  if (sources.userFile !== undefined) add(readUserFile(sources.userFile))
  const project = findProjectFile(sources.folder, sources.warn)
  if (project !== undefined) add(flatten(project.config, project.path))
  for (const [key, variable] of Object.entries(configurationVariables)) {
    const value = sources.env[variable]
    if (value !== undefined && value !== '') add([{ key, value, source: variable }])
  }
  return values
}

/** The remotes that a configuration names, ascending by name. */
export function configuredRemotes(configuration: Configuration): readonly ConfiguredValue[] {
  return [...configuration.values()]
    .filter(({ key }) => remotePattern.test(key))
    .map((value) => ({ ...value, key: value.key.slice('remotes.'.length) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
}

/**
 * Small packs are joined, and garbage is collected, unless `gc.auto` says false.
 * @throws INVALID for what says neither true nor false
 */
export function joinsPacks(auto: string | undefined): boolean {
  if (auto === undefined || auto === 'true' || auto === 'false') return auto !== 'false'
  throw new QuiltError('INVALID', `gc.auto must be true or false, not ${JSON.stringify(auto.slice(0, 80))}`)
}

/** True for what a remote may be called. */
export function isRemoteName(name: string): boolean {
  return remotePattern.test(`remotes.${name}`)
}

/**
 * Refuses what is no key of a configuration.
 * @throws INVALID with the nearest key
 */
function checkConfigurationKey(key: string): void {
  const keys: readonly string[] = configurationKeys
  if (key === 'remotes.NAME' ? false : keys.includes(key) || remotePattern.test(key)) return
  const near = closest(key, keys)
  throw new QuiltError('INVALID', `there is no configuration key ${JSON.stringify(key.slice(0, 80))}`, {
    hint: near === undefined ? `the keys are ${keys.join(', ')}` : `did you mean ${near}?`,
  })
}

/** What is read and set of a session's configuration. */
export interface ConfigurationHolder {
  readonly configuration: Configuration
  readonly userFile: string
  readonly ambient: Ambient
  resolvePath(path: string): string
  reload(): Promise<void>
}

/** All values, ascending by key. */
export function configList({ configuration }: ConfigurationHolder): readonly ConfiguredValue[] {
  return [...configuration.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}

/**
 * One value and where it is from.
 * @throws INVALID for what is no key; NOT_FOUND for one that is not set
 */
export function configGet({ configuration }: ConfigurationHolder, key: string): ConfiguredValue {
  checkConfigurationKey(key)
  const found = configuration.get(key)
  if (found !== undefined) return found
  throw new QuiltError('NOT_FOUND', `${key} is not set`, {
    hint: `set it with: quilt config set ${key} VALUE`,
  })
}

/**
 * Sets a value in the user's file, relative folders made absolute; an empty one is removed.
 * @returns the value as it is kept
 * @throws INVALID, DENIED, UNAVAILABLE
 */
export async function configSet(
  session: ConfigurationHolder,
  key: string,
  value: string,
): Promise<ConfiguredValue> {
  checkConfigurationKey(key)
  if (key === 'gc.auto' && value !== '') joinsPacks(value)
  const kept = placed(key, value, (path) => session.resolvePath(path))
  await writeUserValue(session, key, kept === '' ? undefined : kept)
  await session.reload()
  return { key, value: kept, source: session.userFile }
}

/**
 * Sets or (with `undefined`) removes a value in the user's file, which is replaced whole.
 * @throws INVALID, DENIED, UNAVAILABLE
 */
export async function writeUserValue(
  { userFile: path, ambient }: Pick<ConfigurationHolder, 'userFile' | 'ambient'>,
  key: string,
  value: string | undefined,
): Promise<void> {
  checkConfigurationKey(key)
  const values = new Map(readUserFile(path).map((known) => [known.key, known.value]))
  if (value === undefined) values.delete(key)
  else values.set(key, value)
  const tree: Record<string, unknown> = {}
  for (const [name, text] of [...values].sort()) setAt(tree, name, text)
  onPath('write', path, () => nodeFs.mkdirSync(dirname(path), { recursive: true }))
  // Addresses may hold secrets: whatever the umask says, nobody else reads them. (H130)
  const place = { fs: nodeFs, path, randomName: ambient.randomName(), mode: 0o600 }
  await replaceFile(place, utf8(`${JSON.stringify(tree, null, 2)}\n`))
}

function setAt(tree: Record<string, unknown>, key: string, value: string): void {
  const dot = key.indexOf('.')
  if (dot < 0) {
    tree[key] = value
    return
  }
  const group = (tree[key.slice(0, dot)] ??= {}) as Record<string, unknown>
  group[key.slice(dot + 1)] = value
}

function readUserFile(file: string): readonly ConfiguredValue[] {
  let text: string
  try {
    text = nodeFs.readFileSync(file, 'utf8')
  } catch (error) {
    const wrapped = fileError(error, 'read', file)
    if (isQuiltError(wrapped, 'NOT_FOUND')) return []
    throw wrapped
  }
  try {
    return flatten(JSON.parse(text), file)
  } catch (error) {
    throw isQuiltError(error) ? error : damagedConfiguration(file, error)
  }
}

/** A file's values by key, nested ones joined by dots; lists of folders are joined as PATH is. */
function flatten(config: unknown, source: string, prefix = ''): ConfiguredValue[] {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new QuiltError(
      'INVALID',
      `${prefix === '' ? 'the configuration' : prefix} in "${source}" must be a mapping`,
    )
  }
  const absolute = (path: string): string => resolve(dirname(source), path)
  return Object.entries(config).flatMap(([name, value]: [string, unknown]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`
    if (key === 'author' || key === 'remotes' || key === 'gc') return flatten(value, source, key)
    checkKeyIn(key, source)
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) {
      return [{ key, value: placed(key, value.join(delimiter), absolute), source }]
    }
    if (typeof value === 'boolean' && key === 'gc.auto') return [{ key, value: String(value), source }]
    if (typeof value === 'string') return [{ key, value: placed(key, value, absolute), source }]
    throw new QuiltError('INVALID', `"${key}" in "${source}" must be text`)
  })
}

/** A value whose relative folders are made absolute: those in a file begin at the file, wherever one works. */
function placed(key: string, value: string, absolute: (path: string) => string): string {
  if (key === 'store' && value !== '') return absolute(value)
  if (key === 'packageDirs') {
    return value
      .split(delimiter)
      .map((path) => (path === '' ? '' : absolute(path)))
      .join(delimiter)
  }
  const isRemote = key === 'remote' || key.startsWith('remotes.')
  return isRemote && /^\.{1,2}(\/|$)/.test(value) ? absolute(value) : value
}

function checkKeyIn(key: string, source: string): void {
  try {
    checkConfigurationKey(key)
  } catch (error) {
    if (!isQuiltError(error)) throw error
    throw new QuiltError('INVALID', `${error.message}, found in "${source}"`, { hint: error.hint })
  }
}
