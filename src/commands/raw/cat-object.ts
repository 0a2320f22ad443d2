import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { catObject } from '../../package/raw/objects.ts'

export default class RawCatObject extends BaseCommand<typeof RawCatObject> {
  static override summary = "Print an object's bytes, checked against its id"
  static override description = 'With --json only what is known of it is printed.'
  static override args = {
    id: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'an id, 6 or more digits of one, or OWNER/NAME@REVISION',
    }),
  }
  static override examples = ['<%= config.bin %> raw cat-object 2cf24dba5fb0']

  protected async execute(): Promise<unknown> {
    const { bytes, ...known } = await catObject(await this.session(), this.args.id, this.ctx)
    if (!this.out.settings.json) await this.out.bytes(bytes)
    return known
  }
}
