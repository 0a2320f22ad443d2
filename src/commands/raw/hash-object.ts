import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { readInput } from '../../cli/input.ts'
import { hashObject } from '../../package/raw/objects.ts'

export default class RawHashObject extends BaseCommand<typeof RawHashObject> {
  static override summary = 'Print the id that a file has as a blob'
  static override args = {
    file: Args.string({ ignoreStdin: true, default: '-', description: 'a file, or - for standard input' }),
  }
  static override flags = { write: Flags.boolean({ char: 'w', description: 'keep it in the store' }) }
  static override examples = ['<%= config.bin %> raw hash-object -w wine.csv']

  protected async execute(): Promise<unknown> {
    const session = await this.session()
    const made = await hashObject(
      session,
      readInput(this.args.file, session.resolvePath),
      this.flags.write,
      this.ctx,
    )
    this.out.line(made.id)
    return made
  }
}
