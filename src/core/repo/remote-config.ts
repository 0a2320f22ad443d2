// What a remote says of itself, in its file `config`: who may write to it, and whether it keeps a listing.
// docs/format.md, section "The configuration of a remote".
import type { Backend } from '../backend/backend.ts'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import type { Context } from '../base/context.ts'
import { isQuiltError, QuiltError } from '../base/error.ts'
import { remoteConfigKey } from '../store/layout.ts'

/**
 * Who may write: any number of processes; one, as its owner declared; or nobody, since the store cannot tell which of
 * two was first.
 */
export type Writers = 'many' | 'one' | 'none'

/** What a remote says of itself. */
export interface RemoteConfig {
  readonly writers: Writers
  /** True where every push keeps a listing, for web servers. */
  readonly listing: boolean
}

const firstLine = 'quilt remote'
const mostBytes = 64 * 1024

/** What a remote says of itself; `undefined` where it says nothing. @throws CORRUPT */
export async function readRemoteConfig(backend: Backend, ctx?: Context): Promise<RemoteConfig | undefined> {
  try {
    return decode(await backend.get(remoteConfigKey, undefined, ctx))
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND')) return undefined
    throw error
  }
}

/** Says it. With `absent` what is there stays. @throws CONFLICT with `absent`, where something is said already */
export async function writeRemoteConfig(
  backend: Backend,
  { writers, listing }: RemoteConfig,
  options: { readonly absent?: boolean },
  ctx?: Context,
): Promise<void> {
  const text = [firstLine, `writers ${writers}`, `listing ${listing ? 'kept' : 'none'}`, ''].join('\n')
  await backend.put(remoteConfigKey, utf8(text), options, ctx)
}

/** Lines that are not known are a later version's, and do not keep this one from reading the others. */
function decode(bytes: Uint8Array): RemoteConfig {
  const text = bytes.length > mostBytes ? undefined : fromUtf8(bytes)
  const [first, ...lines] = (text ?? '').split('\n')
  const said = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
  )
  const writers = said.get('writers')
  if (first !== firstLine || (writers !== 'many' && writers !== 'one' && writers !== 'none')) {
    throw new QuiltError('CORRUPT', 'the file "config" of the remote is damaged', {
      hint: 'delete it, and make it anew with: quilt remote add NAME ADDRESS',
    })
  }
  return { writers, listing: said.get('listing') === 'kept' }
}
