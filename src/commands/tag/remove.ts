import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { originFlags } from '../../cli/flags/remote-flags.ts'
import { tagRemove } from '../../package/names/naming.ts'

export default class TagRemove extends BaseCommand<typeof TagRemove> {
  static override summary = 'Remove a tag; what it named stays'
  static override args = {
    pkg: Args.string({ ignoreStdin: true, required: true, description: 'OWNER/NAME' }),
    tag: Args.string({ ignoreStdin: true, required: true, description: 'the tag' }),
  }
  static override flags = { ...originFlags }
  static override examples = ['<%= config.bin %> tag remove ada/wine prod']

  protected async execute(): Promise<unknown> {
    const done = await tagRemove(await this.session(), this.args, this.flags, this.ctx)
    this.out.line(`removed ${done.removed}`)
    return done
  }
}
