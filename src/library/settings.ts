// Remotes' names and the configuration in code: `remoteAdd` is `quilt remote add`.
import {
  configGet as configGetIn,
  configList as configListIn,
  configSet as configSetIn,
  type ConfiguredValue,
} from '../session/configuration.ts'
import {
  remoteAdd as remoteAddIn,
  remoteList as remoteListIn,
  remoteRemove as remoteRemoveIn,
  type ListedRemote,
  type AddedRemote,
} from '../session/remotes.ts'
import { within, type ConfigurationOptions } from './call.ts'

/**
 * The remotes that have names, ascending, and the file that names each.
 * @throws QuiltError INVALID when a configuration cannot be read
 * @example for (const { name, address } of await remoteList()) console.log(name, address)
 */
export function remoteList(options: ConfigurationOptions = {}): Promise<readonly ListedRemote[]> {
  return within(options, remoteListIn)
}

/** How to name a remote, and what its owner says of it. */
export interface RemoteAddOptions extends ConfigurationOptions {
  /** Only one process ever writes to it: good enough for a store that cannot tell who was first. */
  readonly singleWriter?: boolean | undefined
  /** Keep a listing, so that a web server can serve it. */
  readonly web?: boolean | undefined
}

/**
 * Gives a remote a name, in the user's own configuration; a folder's path is kept as an address. A bucket is tried
 * with racing writers, and what was found is kept there.
 * @throws QuiltError INVALID for a name or an address that is none; UNSUPPORTED for a scheme that no plugin opens;
 * CONFLICT when the name stands for another one
 * @example await remoteAdd('shared', 'file:///shared/data')
 */
export function remoteAdd(
  name: string,
  address: string,
  options: RemoteAddOptions = {},
): Promise<AddedRemote> {
  const { singleWriter, web: listing } = options
  const declared = { singleWriter, listing }
  return within(options, (session) => remoteAddIn(session, { name, address }, declared, options))
}

/**
 * Forgets a remote's name; what lies there stays.
 * @throws QuiltError NOT_FOUND; INVALID when another file than the user's names it
 * @example await remoteRemove('shared')
 */
export function remoteRemove(
  name: string,
  options: ConfigurationOptions = {},
): Promise<{ readonly removed: string }> {
  return within(options, (session) => remoteRemoveIn(session, name))
}

/**
 * Every value that is configured, ascending by key, and the file or the variable that it is from.
 * @throws QuiltError INVALID when a configuration cannot be read
 * @example const values = await configList()
 */
export function configList(options: ConfigurationOptions = {}): Promise<readonly ConfiguredValue[]> {
  return within(options, configListIn)
}

/**
 * One configured value.
 * @throws QuiltError INVALID for what is no key; NOT_FOUND for one that is not set
 * @example const { value } = await configGet('author.name')
 */
export function configGet(key: string, options: ConfigurationOptions = {}): Promise<ConfiguredValue> {
  return within(options, (session) => configGetIn(session, key))
}

/**
 * Sets a value in the user's own configuration, relative folders made absolute; an empty one is removed.
 * @throws QuiltError INVALID for what is no key; DENIED, UNAVAILABLE when the file cannot be written
 * @example await configSet('author.name', 'Ada Lovelace')
 */
export function configSet(
  key: string,
  value: string,
  options: ConfigurationOptions = {},
): Promise<ConfiguredValue> {
  return within(options, (session) => configSetIn(session, key, value))
}
