import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { rm } from '../package/remove.ts'

export default class Rm extends BaseCommand<typeof Rm> {
  static override summary = 'Remove a package from this machine, not from any remote'
  static override args = {
    pkg: Args.string({ ignoreStdin: true, required: true, description: 'OWNER/NAME' }),
  }
  static override flags = {
    yes: Flags.boolean({
      char: 'y',
      aliases: ['force'],
      charAliases: ['f'],
      description: 'do not ask (also --force)',
    }),
    'dry-run': Flags.boolean({ char: 'n', description: 'say what would be removed, and remove nothing' }),
  }
  static override examples = [
    '<%= config.bin %> rm ada/wine --yes',
    '<%= config.bin %> rm ada/wine --dry-run',
  ]

  protected async execute(): Promise<unknown> {
    const { pkg } = this.args
    const { yes, 'dry-run': dryRun } = this.flags
    if (!dryRun && !(await this.confirm(`Remove ${pkg} from this machine?`, '--yes', yes))) {
      this.out.note('not removing')
      return { removed: null }
    }
    const done = await rm(await this.session(), pkg, { dryRun }, this.ctx)
    this.out.line(`${dryRun ? 'would remove' : 'removed'} ${done.removed}`)
    if (!dryRun) this.out.note('its bytes are freed by a later build, or now with: quilt gc')
    return done
  }
}
