import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { formatPlural } from '../cli/printable.ts'
import { types } from '../package/declare/types.ts'

export default class Types extends BaseCommand<typeof Types> {
  static override summary = 'Write TypeScript declarations of packages, their nodes and columns'
  static override description =
    'For load, and for import from "quilt:OWNER/NAME[@REVISION]". Without HANDLE, all installed packages and their versions.'
  static override strict = false
  static override args = {
    handle: Args.string({ ignoreStdin: true, description: 'OWNER/NAME[@REVISION]; any number of them' }),
  }
  static override flags = {
    output: Flags.string({ char: 'o', description: 'the file, replaced: quilt.d.ts unless told' }),
  }
  static override examples = ['<%= config.bin %> types', '<%= config.bin %> types ada/wine ada/wine@1.0']

  protected async execute(): Promise<unknown> {
    const handles = this.words
    const { output } = this.flags
    const written = await types(await this.session(), handles, { output }, this.ctx)
    this.out.line(`wrote ${written.file} (${formatPlural(written.handles.length, 'module')})`)
    return written
  }
}
