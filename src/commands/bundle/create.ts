import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { formatBytes, formatPlural } from '../../cli/printable.ts'
import { bundleCreate } from '../../package/bundle/create.ts'

export default class BundleCreate extends BaseCommand<typeof BundleCreate> {
  static override summary = 'Write a revision of a package into one file, for where there is no network'
  static override args = {
    handle: Args.string({ ignoreStdin: true, required: true, description: 'OWNER/NAME[@REVISION]' }),
    file: Args.string({ ignoreStdin: true, required: true, description: 'the file to write' }),
  }
  static override flags = {
    since: Flags.string({
      description: 'a revision that the other side has: only what is new since goes along',
      helpValue: 'REVISION',
    }),
    force: Flags.boolean({ char: 'f', description: 'replace a file that is there' }),
  }
  static override examples = [
    '<%= config.bin %> bundle create ada/wine@1.0 wine.bundle',
    '<%= config.bin %> bundle create ada/wine@2.0 wine-2.bundle --since 1.0',
  ]

  protected async execute(): Promise<unknown> {
    const made = await bundleCreate(await this.session(), this.args, this.flags, this.ctx)
    const much = `${formatPlural(made.objects, 'object')}, ${formatBytes(made.bytes)}`
    this.out.line(`bundled ${made.package} ${made.topHash} in ${made.file} (${much})`)
    this.out.note(`elsewhere: quilt bundle install ${this.args.file}`)
    return made
  }
}
