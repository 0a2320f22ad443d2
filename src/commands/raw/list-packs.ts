import { BaseCommand } from '../../cli/base-command.ts'
import { listPacks } from '../../package/raw/packs.ts'

export default class RawListPacks extends BaseCommand<typeof RawListPacks> {
  static override summary = 'Print packs: NAME<TAB>BYTES<TAB>OBJECTS'
  static override examples = ['<%= config.bin %> raw list-packs']

  protected async execute(): Promise<unknown> {
    const packs = listPacks(await this.session(), this.ctx)
    return this.list(packs, (one) => [one.pack, String(one.bytes), String(one.objects)])
  }
}
