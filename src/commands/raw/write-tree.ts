import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { readLines } from '../../cli/input.ts'
import { writeTree } from '../../package/raw/trees.ts'

export default class RawWriteTree extends BaseCommand<typeof RawWriteTree> {
  static override summary = 'Write a tree from lines as raw ls-tree prints them, and print its id'
  static override args = {
    file: Args.string({
      ignoreStdin: true,
      default: '-',
      description: 'a file with the lines, or - for standard input',
    }),
  }
  static override examples = ['<%= config.bin %> raw write-tree lines.txt']

  protected async execute(): Promise<unknown> {
    const session = await this.session()
    const id = await writeTree(
      session,
      await readLines(this.args.file, session.resolvePath),
      undefined,
      this.ctx,
    )
    this.out.line(id)
    return { id }
  }
}
