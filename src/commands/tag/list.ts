import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { originFlags } from '../../cli/flags/remote-flags.ts'
import { tagList } from '../../package/names/naming.ts'

export default class TagList extends BaseCommand<typeof TagList> {
  static override summary = 'List the tags of a package'
  static override args = {
    pkg: Args.string({ ignoreStdin: true, required: true, description: 'OWNER/NAME' }),
  }
  static override flags = { ...originFlags }
  static override examples = ['<%= config.bin %> tag list ada/wine']

  protected async execute(): Promise<unknown> {
    const found = await tagList(await this.session(), this.args.pkg, this.flags, this.ctx)
    return this.list(found, (one) => [`${one.tag}: ${one.topHash ?? one.commit}`])
  }
}
