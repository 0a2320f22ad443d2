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

/** `--merge`, and which side wins where both changed. */
export const mergeFlags = {
  merge: Flags.boolean({
    description: 'join it with builds that were never pushed',
    exclusive: ['force', 'as', 'meta-only'],
  }),
  ours: Flags.string({
    multiple: true,
    dependsOn: ['merge'],
    helpValue: 'PATH',
    description: "what is here wins at and below this path, where both changed it ('.' for all)",
  }),
  theirs: Flags.string({
    multiple: true,
    dependsOn: ['merge'],
    helpValue: 'PATH',
    description: 'what is there wins at and below this path',
  }),
}
