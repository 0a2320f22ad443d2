import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { showPack } from '../../package/raw/packs.ts'

export default class RawShowPack extends BaseCommand<typeof RawShowPack> {
  static override summary = "Print a pack's records: OFFSET<TAB>KIND<TAB>ENCODING<TAB>STORED<TAB>SIZE<TAB>ID"
  static override args = {
    pack: Args.string({
      ignoreStdin: true,
      required: true,
      description: "the pack's name, as raw list-packs prints it",
    }),
  }
  static override examples = ['<%= config.bin %> raw show-pack 0123456789abcdef0123456789abcdef']

  protected async execute(): Promise<unknown> {
    const records = await showPack(await this.session(), this.args.pack, this.ctx)
    return this.list(records, (one) => [
      String(one.offset),
      one.kind,
      one.encoding,
      String(one.stored),
      String(one.size),
      one.id,
    ])
  }
}
