import { Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { formatBytes } from '../cli/printable.ts'
import { gc } from '../package/gc.ts'

export default class Gc extends BaseCommand<typeof Gc> {
  static override summary = 'Free what no package on this machine needs'
  static override description = 'Builds, installs and pushes may go on beside it.'
  static override flags = {
    'dry-run': Flags.boolean({ char: 'n', description: 'only say what would be freed' }),
  }
  static override examples = ['<%= config.bin %> gc']

  protected async execute(): Promise<unknown> {
    const dryRun = this.flags['dry-run']
    const report = await gc(await this.session(), { dryRun }, this.ctx)
    this.out.line(
      `${dryRun ? 'would free' : 'freed'} ${formatBytes(report.freedBytes)}, ${formatBytes(report.keptBytes)} are kept`,
    )
    if (report.waiting > 0) {
      this.out.note(
        `${String(report.waiting)} builds or installs are under way: run quilt gc again when they have ended`,
      )
    }
    return report
  }
}
