// Names for remotes, in the user's own configuration.
import { QuiltError } from '../core/base/error.ts'
import { checkScheme } from '../plugins/host.ts'
import { configuredRemotes, isRemoteName, writeUserValue } from './configuration.ts'
import { addressOf, isAddress, type ConfiguredSession } from './open-session.ts'

/** A remote and its name. */
export interface NamedRemote {
  readonly name: string
  readonly address: string
}

/** A remote, its name, and the file that names it. */
export interface ListedRemote extends NamedRemote {
  readonly source: string
}

/** The remotes that have names, ascending. */
export function remoteList({ configuration }: ConfiguredSession): readonly ListedRemote[] {
  return configuredRemotes(configuration).map(({ key, value, source }) => ({
    name: key,
    address: value,
    source,
  }))
}

/**
 * Gives a remote a name; a folder's path is kept as an address.
 * @throws INVALID for a name or an address that is none; UNSUPPORTED for a scheme that no plugin opens; CONFLICT
 * when the name stands for another one
 */
export async function remoteAdd(
  session: ConfiguredSession,
  name: string,
  address: string,
): Promise<NamedRemote> {
  if (!isRemoteName(name)) {
    throw new QuiltError('INVALID', `invalid name for a remote: ${JSON.stringify(name.slice(0, 80))}`, {
      hint: 'use a letter, then letters, digits, "_", "." and "-", 64 at most',
    })
  }
  if (!isAddress(address)) {
    throw new QuiltError('INVALID', `${JSON.stringify(address)} is no address and no folder's path`, {
      hint: `for a folder: quilt remote add ${name} ./${address}`,
    })
  }
  const url = addressOf(address, (path) => session.resolvePath(path))
  checkScheme(url)
  const { href } = url
  const known = configuredRemotes(session.configuration).find(({ key }) => key === name)
  if (known !== undefined && known.value !== href) {
    throw new QuiltError('CONFLICT', `the remote ${name} is ${known.value} already`, {
      hint: `forget it first: quilt remote remove ${name}`,
    })
  }
  writeUserValue(session.userFile, `remotes.${name}`, href)
  await session.reload()
  return { name, address: href }
}

/**
 * Forgets a remote's name.
 * @throws NOT_FOUND; INVALID when another file than the user's names it
 */
export async function remoteRemove(
  session: ConfiguredSession,
  name: string,
): Promise<{ readonly removed: string }> {
  const known = configuredRemotes(session.configuration).find(({ key }) => key === name)
  if (known === undefined) {
    throw new QuiltError('NOT_FOUND', `there is no remote called ${JSON.stringify(name)}`, {
      hint: 'list them with: quilt remote list',
    })
  }
  if (known.source !== session.userFile) {
    throw new QuiltError('INVALID', `the remote ${name} is named in "${known.source}"`, {
      hint: 'remove it there',
    })
  }
  writeUserValue(session.userFile, `remotes.${name}`, undefined)
  await session.reload()
  return { removed: name }
}
