import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { formatPlural } from '../cli/printable.ts'
import { generate } from '../package/generate.ts'

export default class Generate extends BaseCommand<typeof Generate> {
  static override summary = 'Write a build.yml for a folder'
  static override description = 'Building with it gives what building the folder gives, until it is edited.'
  static override args = {
    dir: Args.string({ ignoreStdin: true, required: true, description: 'a folder' }),
  }
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'replace a build.yml that is there' }),
  }
  static override examples = ['<%= config.bin %> generate ./wine']

  protected async execute(): Promise<unknown> {
    const made = await generate(await this.session(), this.args.dir, { force: this.flags.force }, this.ctx)
    this.out.line(`generated ${made.file} (${formatPlural(made.files, 'file')})`)
    this.out.note(`next: quilt build OWNER/NAME ${this.args.dir}`)
    return made
  }
}
