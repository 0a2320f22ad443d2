import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { formatBytes, formatPlural } from '../../cli/printable.ts'
import { bundleInstall } from '../../package/bundle/install.ts'

export default class BundleInstall extends BaseCommand<typeof BundleInstall> {
  static override summary = 'Install what bundles hold'
  static override description =
    'Every byte is proved before anything is kept. Of incremental bundles each is installed after the one that it builds on, in whatever order they are named.'
  static override strict = false
  static override args = {
    files: Args.string({ ignoreStdin: true, required: true, description: 'bundles, any number of them' }),
  }
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'over builds that the bundle knows nothing of' }),
    as: Flags.string({ description: 'the name to give it here', helpValue: 'OWNER/NAME' }),
  }
  static override examples = [
    '<%= config.bin %> bundle install wine.bundle',
    '<%= config.bin %> bundle install wine.bundle wine-2.bundle',
  ]

  protected async execute(): Promise<unknown> {
    const done = await bundleInstall(await this.session(), this.words, this.flags, this.ctx)
    for (const got of done) {
      const much = `${formatPlural(got.fetchedObjects, 'object')}, ${formatBytes(got.fetchedBytes)}`
      this.out.line(`installed ${got.package} ${got.topHash} (${much})`)
      if (!got.latest) this.out.note(`latest stays: use it as ${got.package}@${got.topHash.slice(0, 12)}`)
    }
    return done
  }
}
