// The file `config` of a remote: who may write to it, and whether it keeps a listing. docs/format.md, section "The
// configuration of a remote".
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { QuiltError } from '../../base/error.ts'

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

/** A configuration as text. */
export function encodeRemoteConfig({ writers, listing }: RemoteConfig): Uint8Array {
  return utf8([firstLine, `writers ${writers}`, `listing ${listing ? 'kept' : 'none'}`, ''].join('\n'))
}

/**
 * Reads a configuration. Lines that are not known are a later version's, and do not keep this one from reading the
 * others.
 * @throws CORRUPT
 */
export function decodeRemoteConfig(bytes: Uint8Array): RemoteConfig {
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
