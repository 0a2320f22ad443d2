import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { utf8 } from '../../core/base/bytes.ts'
import { formatTreeLine, lsTree } from '../../package/raw/trees.ts'

export default class RawLsTree extends BaseCommand<typeof RawLsTree> {
  static override summary = "Print a tree's entries: TYPE ID SIZE<TAB>NAME"
  static override description =
    'A third column of JSON follows where there is more to say: executable, meta, source, reading, and the target of a link. raw write-tree reads this form.'
  static override args = {
    id: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'the id of a tree or a commit, or OWNER/NAME@REVISION',
    }),
  }
  static override flags = { recursive: Flags.boolean({ char: 'r', description: 'go into groups' }) }
  static override examples = ['<%= config.bin %> raw ls-tree ada/wine --recursive']

  protected async execute(): Promise<unknown> {
    const lines = lsTree(await this.session(), this.args.id, this.flags.recursive, this.ctx)
    if (this.out.settings.json) return entriesOf(lines)
    for await (const line of lines) {
      if (this.out.closed) break
      await this.out.bytes(utf8(`${formatTreeLine(line)}\n`))
    }
    return undefined
  }
}

async function* entriesOf(lines: ReturnType<typeof lsTree>): AsyncGenerator<unknown> {
  for await (const { path, entry } of lines) yield { ...entry, name: path }
}
