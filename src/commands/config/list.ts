import { BaseCommand } from '../../cli/base-command.ts'
import { configList } from '../../session/configuration.ts'

export default class ConfigList extends BaseCommand<typeof ConfigList> {
  static override summary = 'Show the configuration, and where each value comes from'
  static override examples = ['<%= config.bin %> config list']

  protected async execute(): Promise<unknown> {
    const values = configList(await this.session())
    const rows = values.map(({ key, value, source }) => [key, value, source])
    if (rows.length > 0) await this.out.table(['key', 'value', 'from'], rows)
    else this.out.note('nothing is configured; set something with: quilt config set KEY VALUE')
    return values
  }
}
