// Which remote a command talks to.
import { Flags } from '@oclif/core'

/** The flag of every command that talks to one remote. */
export const remoteFlag = {
  remote: Flags.string({
    description: 'a configured name, an address such as file:///shared/data, or a folder',
  }),
}

/** The flags of commands that act on the origin and on this machine. */
export const originFlags = {
  ...remoteFlag,
  local: Flags.boolean({ description: 'act on this machine alone', exclusive: ['remote'] }),
}
