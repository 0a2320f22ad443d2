import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { revisionFlags } from '../cli/flags/revision-flags.ts'
import { formatPlural } from '../cli/printable.ts'
import { profileRows, profileTitles } from '../cli/drawing/profile.ts'
import { columnRows, describe, treeLines } from '../cli/drawing/tree.ts'
import { inspect } from '../package/inspect.ts'

export default class Inspect extends BaseCommand<typeof Inspect> {
  static override summary = "Show a package's tree, with sizes, aliases and metadata"
  static override args = {
    handle: Args.string({ ignoreStdin: true, required: true, description: 'OWNER/NAME[/PATH][@REVISION]' }),
  }
  static override flags = {
    ...revisionFlags,
    depth: Flags.integer({ min: 0, description: 'show so many levels' }),
    profile: Flags.boolean({
      description: 'of each column of the tables: missing and different values, range, a small histogram',
    }),
  }
  static override examples = [
    '<%= config.bin %> inspect ada/wine',
    '<%= config.bin %> inspect ada/wine/reds@1.0 --depth 1',
    '<%= config.bin %> inspect ada/wine/train.csv --profile',
  ]

  protected async execute(): Promise<unknown> {
    const found = await inspect(await this.session(), this.args.handle, this.flags, this.ctx)
    const { verbose } = this.out.settings
    const path = found.path === '' ? '' : `/${found.path}`
    this.out.line(`${found.package}${path}  ${describe(found, verbose)}`)
    this.out.detail(`top hash ${found.topHash}, commit ${found.commit}`)
    for (const line of treeLines(found, verbose)) {
      if (this.out.closed) break
      this.out.line(line)
    }
    if (found.profiles === undefined) await this.out.table(['column', 'type'], columnRows(found))
    for (const profile of found.profiles ?? []) {
      if (found.profiles?.length !== 1) this.out.line(`${profile.path}  ${formatPlural(profile.rows, 'row')}`)
      await this.out.table(profileTitles, profileRows(profile))
    }
    return found
  }
}
