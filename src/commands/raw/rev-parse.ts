import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { objectId } from '../../package/raw/objects.ts'

export default class RawRevParse extends BaseCommand<typeof RawRevParse> {
  static override summary = 'Print the id that a revision or the beginning of an id names'
  static override args = {
    text: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'OWNER/NAME@REVISION, or 6 or more digits of an id',
    }),
  }
  static override examples = ['<%= config.bin %> raw rev-parse ada/wine@latest~1']

  protected async execute(): Promise<unknown> {
    const id = await objectId(await this.session(), this.args.text, this.ctx)
    this.out.line(id)
    return { id }
  }
}
