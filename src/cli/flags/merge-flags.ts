// The flags of an install that joins what it brings with what is here.
import { Flags } from '@oclif/core'

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
