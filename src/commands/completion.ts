import { Args } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { shellNamed, shells, type Shell } from '../cli/completion/reply.ts'
import { QuiltError } from '../core/base/error.ts'

/** Where each shell looks for it, as it is typed there. */
const places: Readonly<Record<Shell, string>> = {
  bash: '>> ~/.bashrc',
  fish: '> ~/.config/fish/completions/quilt.fish',
  pwsh: '>> $PROFILE',
  zsh: '>> ~/.zshrc',
}

export default class Completion extends BaseCommand<typeof Completion> {
  static override summary = 'Print the script that completes commands, packages and revisions in a shell'
  static override description =
    'Put it where the shell finds it, and start a new one: then a tab completes commands, flags, packages, their nodes, tags and versions, and remotes.'
  static override args = {
    shell: Args.string({
      ignoreStdin: true,
      options: shells,
      description: `${shells.join(', ')}; the shell in use unless told`,
    }),
  }
  static override examples = shells.map((shell) => `<%= config.bin %> completion ${shell} ${places[shell]}`)

  protected async execute(): Promise<unknown> {
    const shell = shellNamed(this.args.shell ?? this.config.shell)
    if (shell === undefined) {
      throw new QuiltError(
        'INVALID',
        `there is no completion for the shell ${JSON.stringify(this.config.shell)}`,
        {
          hint: `name one of ${shells.join(', ')}: quilt completion bash`,
        },
      )
    }
    const { getCompletionScript } = await import('@pnpm/tabtab')
    const { bin } = this.config
    const script = await getCompletionScript({ name: bin, completer: bin, shell })
    for (const line of script.trimEnd().split('\n')) this.out.line(line)
    if (process.stdout.isTTY) this.out.note(`to keep it: quilt completion ${shell} ${places[shell]}`)
    return { shell, script }
  }
}
