import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { commitTree } from '../../package/raw/commits.ts'

export default class RawCommitTree extends BaseCommand<typeof RawCommitTree> {
  static override summary = 'Write a commit of a tree, and print its id'
  static override args = {
    tree: Args.string({ ignoreStdin: true, required: true, description: 'the id of the tree' }),
  }
  static override flags = {
    parent: Flags.string({
      char: 'p',
      multiple: true,
      description: 'a commit before it; any number of them',
    }),
    derived: Flags.string({ description: 'the derived tree' }),
    message: Flags.string({ char: 'm', default: '', description: 'what this revision is' }),
  }
  static override examples = ['<%= config.bin %> raw commit-tree 4b825dc642cb --message "by hand"']

  protected async execute(): Promise<unknown> {
    const { parent: parents, derived, message } = this.flags
    const id = await commitTree(
      await this.session(),
      { tree: this.args.tree, parents, derived, message },
      this.ctx,
    )
    this.out.line(id)
    return { id }
  }
}
