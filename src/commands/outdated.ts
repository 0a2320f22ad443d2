import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { remoteFlag } from '../cli/flags/remote-flags.ts'
import { requirementsOf } from '../cli/requirements-file.ts'
import { outdated, type NamedRevision } from '../package/requirements/outdated.ts'

export default class Outdated extends BaseCommand<typeof Outdated> {
  static override summary = 'Show which packages of a quilt.yml are not locked at their newest'
  static override description =
    'Current is what is locked, wanted what quilt install --update would lock, latest the newest that the remote has. Nothing is installed.'
  static override args = {
    file: Args.string({ ignoreStdin: true, description: '@FILE, where it is not quilt.yml in this folder' }),
  }
  static override flags = {
    ...remoteFlag,
    'exit-code': Flags.boolean({ description: 'exit with 1 when there are any' }),
  }
  static override examples = ['<%= config.bin %> outdated', '<%= config.bin %> outdated @data/quilt.yml']

  protected async execute(): Promise<unknown> {
    const { remote } = this.flags
    const { file } = this.args
    const options = { remote, file: file === undefined ? undefined : requirementsOf(file) }
    const found = await outdated(await this.session(), options, this.ctx)
    const cell = (one: NamedRevision | undefined): string =>
      one === undefined ? '-' : (one.version ?? one.topHash.slice(0, 12))
    const rows = found.map((one) => [
      one.path === '' ? one.package : `${one.package}/${one.path}`,
      cell(one.current),
      cell(one.wanted),
      cell(one.latest),
      one.remote,
    ])
    await this.out.table(['package', 'current', 'wanted', 'latest', 'remote'], rows)
    if (found.length === 0) this.out.note('all are at their newest')
    else if (this.flags['exit-code']) process.exitCode = 1
    return found
  }
}
