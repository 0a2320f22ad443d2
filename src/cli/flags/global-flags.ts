// The flags that every command has.
import { Flags } from '@oclif/core'

/** Understood by every command, before or after its own flags. */
export const globalFlags = {
  json: Flags.boolean({ description: 'print one JSON value', helpGroup: 'GLOBAL' }),
  quiet: Flags.boolean({ char: 'q', description: 'print no notes and no progress', helpGroup: 'GLOBAL' }),
  verbose: Flags.boolean({ description: 'print more, and the causes of errors', helpGroup: 'GLOBAL' }),
  'no-color': Flags.boolean({ description: 'print without colours', helpGroup: 'GLOBAL' }),
  store: Flags.string({
    description: 'use the store in this folder instead of $QUILT_STORE',
    helpGroup: 'GLOBAL',
    helpValue: 'DIR',
  }),
}
