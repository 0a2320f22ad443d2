import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { formatBytes } from '../../cli/printable.ts'
import { bundleList } from '../../package/bundle/list.ts'

export default class BundleList extends BaseCommand<typeof BundleList> {
  static override summary = 'Show what bundles hold'
  static override strict = false
  static override args = {
    files: Args.string({ ignoreStdin: true, required: true, description: 'bundles, any number of them' }),
  }
  static override examples = ['<%= config.bin %> bundle list wine.bundle']

  protected async execute(): Promise<unknown> {
    const rows = await bundleList(await this.session(), this.words, this.ctx)
    await this.out.table(
      ['file', 'package', 'top hash', 'versions', 'tags', 'since', { title: 'size', right: true }],
      rows.map((row) => [
        row.file,
        row.package,
        row.topHash.slice(0, 12),
        row.versions.join(' '),
        row.tags.join(' '),
        row.since?.slice(0, 12) ?? '',
        formatBytes(row.bytes),
      ]),
    )
    return rows
  }
}
