import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { originFlags } from '../../cli/flags/remote-flags.ts'
import { versionAdd } from '../../package/names/naming.ts'

export default class VersionAdd extends BaseCommand<typeof VersionAdd> {
  static override summary = 'Give a revision a version, for ever'
  static override args = {
    pkg: Args.string({ ignoreStdin: true, required: true, description: 'OWNER/NAME' }),
    version: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'the version, as PEP 440 has it: 1.0, 2.1rc1',
    }),
    revision: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'latest, a version, a tag, a hash',
    }),
  }
  static override flags = { ...originFlags, yes: Flags.boolean({ char: 'y', description: 'do not ask' }) }
  static override examples = ['<%= config.bin %> version add ada/wine 1.0 latest --yes']

  protected async execute(): Promise<unknown> {
    const question = 'Versions cannot be changed or removed. Add it?'
    if (!(await this.confirm(question, '--yes', this.flags.yes))) {
      this.out.note('not adding')
      return { version: null, topHash: null, commit: null }
    }
    const done = await versionAdd(await this.session(), this.args, this.flags, this.ctx)
    this.out.line(`${done.version}: ${done.topHash ?? done.commit}`)
    return done
  }
}
