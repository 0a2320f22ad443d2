import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { formatBytes, formatPlural } from '../../cli/printable.ts'
import { bundleVerify } from '../../package/bundle/list.ts'

export default class BundleVerify extends BaseCommand<typeof BundleVerify> {
  static override summary = 'Prove every byte of bundles, and that nothing is missing in them'
  static override description = 'Exits with 4 at the first that is damaged.'
  static override strict = false
  static override args = {
    files: Args.string({ ignoreStdin: true, required: true, description: 'bundles, any number of them' }),
  }
  static override examples = ['<%= config.bin %> bundle verify wine.bundle']

  protected async execute(): Promise<unknown> {
    const rows = await bundleVerify(await this.session(), this.words, this.ctx)
    for (const { file, objects, bytes, whole, since } of rows) {
      this.out.line(`all is well: ${file} (${formatPlural(objects, 'object')}, ${formatBytes(bytes)})`)
      if (!whole)
        this.out.note(`what it builds on is not here: whether it fits commit ${since ?? ''} was not proved`)
    }
    return rows
  }
}
