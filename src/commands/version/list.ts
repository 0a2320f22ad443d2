import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { originFlags } from '../../cli/flags/remote-flags.ts'
import { versionList } from '../../package/names/naming.ts'

export default class VersionList extends BaseCommand<typeof VersionList> {
  static override summary = 'List the versions of a package'
  static override args = {
    pkg: Args.string({ ignoreStdin: true, required: true, description: 'OWNER/NAME' }),
  }
  static override flags = { ...originFlags }
  static override examples = ['<%= config.bin %> version list ada/wine']

  protected async execute(): Promise<unknown> {
    const found = await versionList(await this.session(), this.args.pkg, this.flags, this.ctx)
    return this.list(found, (one) => [`${one.version}: ${one.topHash ?? one.commit}`])
  }
}
