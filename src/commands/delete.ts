import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { remoteFlag } from '../cli/flags/remote-flags.ts'
import { deletePackage } from '../package/remote/delete.ts'

export default class Delete extends BaseCommand<typeof Delete> {
  static override summary = 'Delete a package from its remote, with all its revisions'
  static override description =
    'Asks for the name of the package, typed in full. What is on this machine stays: see quilt rm.'
  static override args = {
    pkg: Args.string({ ignoreStdin: true, required: true, description: 'OWNER/NAME' }),
  }
  static override flags = {
    ...remoteFlag,
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
    'dry-run': Flags.boolean({ char: 'n', description: 'say what would be deleted, and delete nothing' }),
  }
  static override examples = ['<%= config.bin %> delete ada/wine', '<%= config.bin %> delete ada/wine --yes']

  protected async execute(): Promise<unknown> {
    const { pkg } = this.args
    const { remote, yes, 'dry-run': dryRun } = this.flags
    const where = remote === undefined ? 'its remote' : remote
    const question = `This deletes ${pkg} and all its revisions from ${where}, for everyone. Type its name to go on:`
    if (!dryRun && !(await this.confirmTyped(question, pkg, '--yes', yes))) {
      this.out.note('not deleting')
      return { deleted: null, remote: null }
    }
    const done = await deletePackage(await this.session(), pkg, { remote, dryRun }, this.ctx)
    this.out.line(`${dryRun ? 'would delete' : 'deleted'} ${done.deleted} from ${done.remote}`)
    if (!dryRun) this.out.note(`its bytes are freed there with: quilt gc --remote ${remote ?? done.remote}`)
    return done
  }
}
