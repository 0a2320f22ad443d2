import { BaseCommand } from '../../cli/base-command.ts'
import { formatBytes, formatPlural } from '../../cli/printable.ts'
import { gc } from '../../package/gc.ts'

export default class RawRepack extends BaseCommand<typeof RawRepack> {
  static override summary = 'Join small packs into full ones, and free what nothing needs'
  static override examples = ['<%= config.bin %> raw repack']

  protected async execute(): Promise<unknown> {
    const report = await gc(await this.session(), { joinSmall: true }, this.ctx)
    const { packsDeleted, packsRewritten, keptBytes } = report
    this.out.line(
      `${formatPlural(packsRewritten, 'pack')} rewritten, ${formatPlural(packsDeleted, 'pack')} deleted, ${formatBytes(keptBytes)} are kept`,
    )
    return report
  }
}
