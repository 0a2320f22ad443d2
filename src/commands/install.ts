import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { QuiltError } from '../core/base/error.ts'
import { formatBytes, formatPlural } from '../cli/printable.ts'
import { rateFlag } from '../cli/rate-flag.ts'
import { remoteFlag } from '../cli/remote-flags.ts'
import { revisionFlags } from '../cli/revision-flags.ts'
import { install } from '../package/exchange/install.ts'

export default class Install extends BaseCommand<typeof Install> {
  static override summary = 'Install a revision of a package, or a part of it, from a remote'
  static override args = {
    handle: Args.string({ ignoreStdin: true, description: 'OWNER/NAME[/PATH][@REVISION]' }),
  }
  static override flags = {
    ...remoteFlag,
    ...rateFlag,
    ...revisionFlags,
    'meta-only': Flags.boolean({
      char: 'm',
      description: 'only the trees; files come when they are exported',
    }),
    force: Flags.boolean({
      char: 'f',
      description: 'over builds that were never pushed, or from another remote',
    }),
    as: Flags.string({ description: 'the name to give it here', helpValue: 'OWNER/NAME' }),
  }
  static override examples = [
    '<%= config.bin %> install ada/wine --remote file:///shared/data',
    '<%= config.bin %> install ada/wine/reds@1.0',
  ]

  protected async execute(): Promise<unknown> {
    const { handle } = this.args
    if (handle === undefined) {
      throw new QuiltError('UNSUPPORTED', 'cannot install from a quilt.yml yet', {
        hint: 'name what to install: quilt install OWNER/NAME[/PATH][@REVISION]',
      })
    }
    const options = { ...this.flags, metaOnly: this.flags['meta-only'] }
    const got = await install(await this.session(), handle, options, this.ctx)
    const much = `${formatPlural(got.fetchedObjects, 'object')}, ${formatBytes(got.fetchedBytes)}`
    this.out.line(`installed ${got.package} ${got.topHash} (${much})`)
    if (!got.latest) this.out.note(`latest stays: use it as ${got.package}@${got.topHash.slice(0, 12)}`)
    this.out.note(`next: quilt export ${got.package}${got.path === '' ? '' : `/${got.path}`} FOLDER`)
    return got
  }

  protected override resumeHint(): string {
    return 'run the same command again: what has arrived is not fetched again'
  }
}
