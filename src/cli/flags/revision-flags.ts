// The long way to say a revision: --hash, --version and --tag, one of them at most.
import { Flags } from '@oclif/core'

/** Flags of every command that takes a revision. */
export const revisionFlags = {
  hash: Flags.string({
    char: 'x',
    description: 'the revision with this hash: 6 digits or more',
    exclusive: ['version', 'tag'],
  }),
  version: Flags.string({
    char: 'v',
    description: 'the revision with this version',
    exclusive: ['hash', 'tag'],
  }),
  tag: Flags.string({ char: 't', description: 'the revision with this tag', exclusive: ['hash', 'version'] }),
}
