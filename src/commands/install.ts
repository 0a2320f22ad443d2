import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { QuiltError } from '../core/base/error.ts'
import { formatBytes, formatPlural } from '../cli/printable.ts'
import { rateFlag } from '../cli/flags/rate-flag.ts'
import { mergeFlags, remoteFlag } from '../cli/flags/remote-flags.ts'
import { revisionFlags } from '../cli/flags/revision-flags.ts'
import { requirementsOf } from '../cli/requirements-file.ts'
import { install, type InstallResult } from '../package/exchange/install.ts'
import { installRequired } from '../package/requirements/install-required.ts'

export default class Install extends BaseCommand<typeof Install> {
  static override summary = 'Install a revision of a package, or a part of it, from a remote'
  static override description =
    'Without a package, installs what quilt.yml asks for, to the hashes in quilt.lock, and locks what is not locked yet.'
  static override args = {
    handle: Args.string({
      ignoreStdin: true,
      description: 'OWNER/NAME[/PATH][@REVISION], or @FILE for another file than quilt.yml',
    }),
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
    frozen: Flags.boolean({
      description: 'install what quilt.lock says and nothing else; fail where it is not that of quilt.yml',
      exclusive: ['update'],
    }),
    update: Flags.boolean({ description: 'lock anew what quilt.yml means now' }),
    ...mergeFlags,
    as: Flags.string({ description: 'the name to give it here', helpValue: 'OWNER/NAME' }),
  }
  static override examples = [
    '<%= config.bin %> install ada/wine --remote file:///shared/data',
    '<%= config.bin %> install ada/wine/reds@1.0',
    '<%= config.bin %> install --frozen',
    '<%= config.bin %> install ada/wine --merge --theirs README.md',
  ]

  protected async execute(): Promise<unknown> {
    const { handle } = this.args
    const { frozen, update, 'meta-only': metaOnly, ...rest } = this.flags
    if (handle === undefined || handle.startsWith('@')) return this.installAll(handle)
    if (frozen || update) {
      throw new QuiltError('INVALID', `--${frozen ? 'frozen' : 'update'} is for what quilt.yml asks for`, {
        hint: 'leave it out, or name no package',
      })
    }
    const got = await install(await this.session(), handle, { ...rest, metaOnly }, this.ctx)
    this.tell(got)
    this.out.note(`next: quilt export ${got.package}${got.path === '' ? '' : `/${got.path}`} FOLDER`)
    return got
  }

  private async installAll(named: string | undefined): Promise<unknown> {
    const { hash, version, tag, as, frozen, update, remote, force, 'meta-only': metaOnly } = this.flags
    const stray = Object.entries({ hash, version, tag, as }).find(([, value]) => value !== undefined)
    if (stray !== undefined) {
      throw new QuiltError('INVALID', `--${stray[0]} says something of one package, and none is named`, {
        hint: `name it: quilt install OWNER/NAME --${stray[0]} …, or write it into quilt.yml`,
      })
    }
    const file = named === undefined ? undefined : requirementsOf(named)
    const options = { file, frozen, update, remote, force, metaOnly }
    const done = await installRequired(await this.session(), options, this.ctx)
    for (const got of done.packages) this.tell(got)
    if (done.locked) this.out.note(`locked in ${done.lockFile}`)
    if (done.packages.length === 0) this.out.note('nothing is asked for')
    return done
  }

  private tell(got: InstallResult): void {
    const much = `${formatPlural(got.fetchedObjects, 'object')}, ${formatBytes(got.fetchedBytes)}`
    this.out.line(`${got.merged === true ? 'merged' : 'installed'} ${got.package} ${got.topHash} (${much})`)
    if (got.merged === true) this.out.note(`the merge is here alone: quilt push ${got.package}`)
    if (!got.latest) this.out.note(`latest stays: use it as ${got.package}@${got.topHash.slice(0, 12)}`)
  }

  protected override resumeHint(): string {
    return 'run the same command again: what has arrived is not fetched again'
  }
}
