import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { listRefs } from '../../package/raw/commits.ts'

export default class RawListRefs extends BaseCommand<typeof RawListRefs> {
  static override summary = 'Print refs: COMMIT<TAB>PACKAGE<TAB>REF'
  static override args = {
    pkg: Args.string({ ignoreStdin: true, description: 'OWNER/NAME; all packages unless told' }),
  }
  static override examples = ['<%= config.bin %> raw list-refs ada/wine']

  protected async execute(): Promise<unknown> {
    const refs = listRefs(await this.session(), this.args.pkg, this.ctx)
    return this.list(refs, (one) => [one.commit, one.package, one.ref])
  }
}
