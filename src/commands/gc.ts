import { Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { formatBytes, formatPlural } from '../cli/printable.ts'
import { remoteFlag } from '../cli/flags/remote-flags.ts'
import { gc } from '../package/gc.ts'

export default class Gc extends BaseCommand<typeof Gc> {
  static override summary = 'Free what no package on this machine, or on a remote, needs'
  static override description = 'Builds, installs and pushes may go on beside it.'
  static override flags = {
    ...remoteFlag,
    'dry-run': Flags.boolean({ char: 'n', description: 'only say what would be freed' }),
  }
  static override examples = [
    '<%= config.bin %> gc',
    '<%= config.bin %> gc --remote file:///shared/data --dry-run',
  ]

  protected async execute(): Promise<unknown> {
    const { 'dry-run': dryRun, remote } = this.flags
    const report = await gc(await this.session(), { dryRun, remote }, this.ctx)
    this.out.line(
      `${dryRun ? 'would free' : 'freed'} ${formatBytes(report.freedBytes)}, ${formatBytes(report.keptBytes)} are kept`,
    )
    if (report.waiting > 0) {
      this.out.note(
        `waiting for ${formatPlural(report.waiting, 'build, install or push', 'builds, installs or pushes')}: run the same again when ${report.waiting === 1 ? 'it has' : 'they have'} ended`,
      )
    }
    return report
  }
}
