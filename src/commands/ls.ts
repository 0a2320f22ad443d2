import { BaseCommand } from '../cli/base-command.ts'
import { remoteFlag } from '../cli/flags/remote-flags.ts'
import { ls, type ListedPackage } from '../package/list.ts'

export default class Ls extends BaseCommand<typeof Ls> {
  static override summary = 'List the packages on this machine, or on a remote'
  static override flags = { ...remoteFlag }
  static override examples = ['<%= config.bin %> ls', '<%= config.bin %> ls --remote file:///shared/data']

  protected async execute(): Promise<unknown> {
    const found: ListedPackage[] = []
    try {
      for await (const one of ls(await this.session(), this.flags, this.ctx)) found.push(one)
    } catch (error) {
      if (found.length > 0) await this.print(found) // others' damage keeps nobody from what is whole
      throw error
    }
    if (found.length > 0) await this.print(found)
    else if (this.flags.remote !== undefined) this.out.note('no packages there yet; a push brings them')
    else this.out.note('no packages yet; make one with: quilt build OWNER/NAME FOLDER')
    return found
  }

  private async print(found: readonly ListedPackage[]): Promise<void> {
    // Where all are in one store, which one it is says nothing.
    const several = new Set(found.map(({ store }) => store)).size > 1
    const rows = found.map((one) => [
      one.package,
      one.topHash?.slice(0, 12) ?? '-',
      one.versions.join(' '),
      one.tags.join(' '),
      ...(several ? [one.store] : []),
    ])
    const titles = ['package', 'top hash', 'versions', 'tags', ...(several ? ['store'] : [])]
    await this.out.table(titles, rows)
  }
}
