import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { originFlags } from '../../cli/flags/remote-flags.ts'
import { tagAdd } from '../../package/names/naming.ts'

export default class TagAdd extends BaseCommand<typeof TagAdd> {
  static override summary = 'Name a revision; a tag that exists is moved'
  static override args = {
    pkg: Args.string({ ignoreStdin: true, required: true, description: 'OWNER/NAME' }),
    tag: Args.string({ ignoreStdin: true, required: true, description: 'the tag' }),
    revision: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'latest, a version, a tag, a hash',
    }),
  }
  static override flags = { ...originFlags }
  static override examples = ['<%= config.bin %> tag add ada/wine prod 1.0']

  protected async execute(): Promise<unknown> {
    const done = await tagAdd(await this.session(), this.args, this.flags, this.ctx)
    this.out.line(`${done.tag}: ${done.topHash ?? done.commit}`)
    return done
  }
}
