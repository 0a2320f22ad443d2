import { BaseCommand } from '../../cli/base-command.ts'
import { configuredRemotes } from '../../session/configuration.ts'

export default class RemoteList extends BaseCommand<typeof RemoteList> {
  static override summary = 'List the remotes that have names'
  static override examples = ['<%= config.bin %> remote list']

  protected async execute(): Promise<unknown> {
    const found = configuredRemotes((await this.session()).configuration)
    if (found.length === 0) this.out.note('none yet; name one with: quilt remote add NAME ADDRESS')
    return this.list(
      found,
      ({ key, value }) => [key, value],
      ({ key, value, source }) => ({ name: key, address: value, source }),
    )
  }
}
