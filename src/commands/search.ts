import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { originFlags } from '../cli/flags/remote-flags.ts'
import { search } from '../package/search/search.ts'

export default class Search extends BaseCommand<typeof Search> {
  static override summary = 'Find packages by their names, their metadata and their README'
  static override description =
    'Finds those whose latest says all words: in the name of the package or of a node, in metadata, in the README. Searches the remote that is named, else the configured one, else this machine.'
  static override strict = false
  static override args = {
    words: Args.string({ ignoreStdin: true, required: true, description: 'any number of words' }),
  }
  static override flags = {
    ...originFlags,
    limit: Flags.integer({ min: 1, max: 10_000, default: 50, description: 'most packages to tell of' }),
  }
  static override examples = [
    '<%= config.bin %> search wine',
    '<%= config.bin %> search wine reviews --remote file:///shared/data',
  ]

  protected async execute(): Promise<unknown> {
    const found = await search(await this.session(), this.words, this.flags, this.ctx)
    const rows = found.map((one) => [one.package, one.topHash.slice(0, 12), one.matches.join(' ')])
    await this.out.table(['package', 'top hash', 'found in'], rows)
    if (found.length === 0) this.out.note('no package says all of these words')
    return found
  }
}
