// Names for remotes, in the user's own configuration.
import type { Context } from '../core/base/context.ts'
import { isQuiltError, QuiltError } from '../core/base/error.ts'
import type { Declared } from '../core/repo/guarded.ts'
import type { Writers } from '../core/codec/remotes/config.ts'
import { checkScheme } from '../plugins/host.ts'
import { configuredRemotes, isRemoteName, writeUserValue } from './configuration.ts'
import { addressOf, isAddress } from './address.ts'
import type { ConfiguredSession } from './open-session.ts'

/** A remote and its name. */
export interface NamedRemote {
  readonly name: string
  readonly address: string
}

/** A remote, its name, and the file that names it. */
export interface ListedRemote extends NamedRemote {
  readonly source: string
}

/** A remote that was given a name, and what was found out about it. */
export interface AddedRemote extends NamedRemote {
  /** Who may write to it: any number of processes, one alone, or nobody. Absent where that could not be found out. */
  readonly writers?: Writers
  /** True where each push keeps a listing, for web servers. */
  readonly listing?: boolean
  /** Why it could not be found out. */
  readonly unknown?: string
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
 * Gives a remote a name; a folder's path is kept as an address. A store that is in doubt is tried with racing
 * writers, and what was found is kept there. One that cannot be reached is tried at the first push.
 * @throws INVALID for a name or an address that is none; UNSUPPORTED for a scheme that no plugin opens; CONFLICT
 * when the name stands for another one
 */
export async function remoteAdd(
  session: ConfiguredSession,
  { name, address }: NamedRemote,
  declared: Declared = {},
  ctx?: Context,
): Promise<AddedRemote> {
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
  const found = await configure(session, url, declared, ctx)
  await writeUserValue(session, `remotes.${name}`, href)
  await session.reload()
  return { name, address: href, ...found }
}

/** A folder is asked nothing, unless its owner declares something: it knows what it promises. */
async function configure(
  session: ConfiguredSession,
  url: URL,
  declared: Declared,
  ctx?: Context,
): Promise<Omit<AddedRemote, keyof NamedRemote>> {
  const declares = Object.values(declared).some((said) => said !== undefined)
  if (url.protocol === 'file:' && !declares) return {}
  try {
    const config = await session.configureRemote(url, declared, ctx)
    if (config !== undefined) return config
    if (declares) throw new QuiltError('DENIED', `${url.href} can only be read`)
    return { writers: 'none' }
  } catch (error) {
    const isPassing = isQuiltError(error, 'UNAVAILABLE') || isQuiltError(error, 'DENIED')
    if (!isPassing || declares) throw error
    return { unknown: error.message }
  }
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
  await writeUserValue(session, `remotes.${name}`, undefined)
  await session.reload()
  return { removed: name }
}
