import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { QuiltError } from '../core/base/error.ts'
import { formatBytes, formatPlural } from '../cli/printable.ts'
import { rateFlag } from '../cli/flags/rate-flag.ts'
import { remoteFlag } from '../cli/flags/remote-flags.ts'
import { push } from '../package/exchange/push.ts'

export default class Push extends BaseCommand<typeof Push> {
  static override summary = 'Push a package to its remote'
  static override description =
    'The first push takes tags and versions along and makes the remote the origin of the package. With a path, that node replaces the one in the latest of the remote.'
  static override args = {
    handle: Args.string({ ignoreStdin: true, required: true, description: 'OWNER/NAME[/PATH][@REVISION]' }),
  }
  static override flags = {
    ...remoteFlag,
    ...rateFlag,
    hash: Flags.string({ char: 'x', description: 'push the revision with this hash' }),
    force: Flags.boolean({ char: 'f', description: 'replace what others have pushed' }),
    'dry-run': Flags.boolean({ char: 'n', description: 'say what would be sent, and send nothing' }),
    'set-origin': Flags.boolean({ description: 'make this remote the origin' }),
    public: Flags.boolean({ description: 'let everyone read it; for a registry', exclusive: ['team'] }),
    team: Flags.boolean({ description: 'let the whole team read it; for a registry' }),
  }
  static override examples = [
    '<%= config.bin %> push ada/wine --remote file:///shared/data',
    '<%= config.bin %> push ada/wine/reds',
    '<%= config.bin %> push ada/wine --dry-run',
  ]

  protected async execute(): Promise<unknown> {
    const { remote, hash, force, 'set-origin': setOrigin, 'dry-run': dryRun } = this.flags
    if (this.flags.public || this.flags.team) {
      throw new QuiltError(
        'UNSUPPORTED',
        'a folder or a bucket has no users to whom a package could be shown',
        {
          hint: 'who may read it may read all in it: push without --public and --team',
        },
      )
    }
    const options = { remote, hash, force, setOrigin, dryRun }
    const sent = await push(await this.session(), this.args.handle, options, this.ctx)
    const much = `${formatPlural(sent.sentObjects, 'object')}, ${formatBytes(sent.sentBytes)}`
    const [pushed, replaced] = dryRun ? ['would push', 'would replace'] : ['pushed', 'replaced']
    this.out.line(`${pushed} ${sent.package} ${sent.topHash} to ${sent.remote} (${much})`)
    if (sent.replaced !== undefined)
      this.out.note(`${replaced} what others pushed: ${sent.package}@${sent.replaced}`)
    if (!dryRun) this.out.note(`elsewhere: quilt install ${sent.package} --remote ${sent.remote}`)
    return sent
  }

  protected override resumeHint(): string {
    return 'run the same command again: what has arrived is not sent again'
  }
}
