import { BaseCommand } from '../../cli/base-command.ts'
import { remoteList } from '../../session/remotes.ts'

export default class RemoteList extends BaseCommand<typeof RemoteList> {
  static override summary = 'List the remotes that have names'
  static override examples = ['<%= config.bin %> remote list']

  protected async execute(): Promise<unknown> {
    const found = remoteList(await this.session())
    if (found.length === 0) this.out.note('none yet; name one with: quilt remote add NAME ADDRESS')
    return this.list(found, ({ name, address }) => [name, address])
  }
}
