import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { chunks } from '../../package/raw/packs.ts'

export default class RawChunks extends BaseCommand<typeof RawChunks> {
  static override summary = "Print a blob's chunks: START<TAB>SIZE<TAB>ID"
  static override args = {
    id: Args.string({ ignoreStdin: true, required: true, description: 'the id of a blob' }),
  }
  static override examples = ['<%= config.bin %> raw chunks 2cf24dba5fb0']

  protected async execute(): Promise<unknown> {
    const found = chunks(await this.session(), this.args.id, this.ctx)
    return this.list(found, (one) => [String(one.start), String(one.size), one.id])
  }
}
