import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { updateRef } from '../../package/raw/commits.ts'

export default class RawUpdateRef extends BaseCommand<typeof RawUpdateRef> {
  static override summary = 'Move a ref by hand'
  static override description = 'Everything that the commit reaches must be here.'
  static override args = {
    pkg: Args.string({ ignoreStdin: true, required: true, description: 'OWNER/NAME' }),
    ref: Args.string({ ignoreStdin: true, required: true, description: 'latest, tag/NAME or version/NAME' }),
    to: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'the commit it is to name; - removes it',
    }),
    from: Args.string({ ignoreStdin: true, description: 'the commit it must name now; - for none' }),
  }
  static override examples = ['<%= config.bin %> raw update-ref ada/wine latest 2cf24dba5fb0']

  protected async execute(): Promise<unknown> {
    const moved = await updateRef(await this.session(), this.args, this.ctx)
    this.out.line(moved === undefined ? `removed ${this.args.ref}` : `${moved.ref}: ${moved.commit}`)
    return moved ?? { removed: this.args.ref }
  }
}
