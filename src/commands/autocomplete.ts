import { join } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { QuiltError } from '../core/base/error.ts'

const script = 'quilt autocomplete script'
/** What sets completion up, line by line, as it is typed in the shell. */
const setups: Readonly<Record<string, readonly string[]>> = {
  bash: [`printf "$(${script} bash)" >> ~/.bashrc; source ~/.bashrc`],
  zsh: [`printf "$(${script} zsh)" >> ~/.zshrc; source ~/.zshrc`],
  powershell: [
    'New-Item -Type Directory -Path (Split-Path -Parent $PROFILE) -ErrorAction SilentlyContinue',
    `Add-Content -Path $PROFILE -Value (Invoke-Expression -Command "${script} powershell"); .$PROFILE`,
  ],
}
const shells = Object.keys(setups)

export default class Autocomplete extends BaseCommand<typeof Autocomplete> {
  static override summary = 'Prepare completion for a shell, and say how it is set up there'
  static override args = {
    shell: Args.string({
      ignoreStdin: true,
      options: shells,
      description: `${shells.join(', ')}; the shell in use unless told`,
    }),
  }
  static override flags = {
    'refresh-cache': Flags.boolean({
      char: 'r',
      description: 'only prepare it again, after commands have changed',
    }),
  }
  static override examples = ['<%= config.bin %> autocomplete', '<%= config.bin %> autocomplete zsh']

  protected async execute(): Promise<unknown> {
    const shell = this.args.shell ?? (this.config.shell.endsWith('bash.exe') ? 'bash' : this.config.shell)
    const setup = setups[shell]
    if (setup === undefined) {
      throw new QuiltError('INVALID', `there is no completion for the shell ${JSON.stringify(shell)}`, {
        hint: `name one of ${shells.join(', ')}: quilt autocomplete bash`,
      })
    }
    await this.config.runCommand('autocomplete:create') // the plugin's: it writes what shells read
    if (!this.flags['refresh-cache']) {
      this.out.line(`type this in ${shell}, once:`)
      for (const line of setup) this.out.line(line)
      this.out.line(
        `then ${shell === 'bash' ? 'two tabs complete' : 'a tab completes'} commands, and flags behind --`,
      )
    }
    return { shell, setup, folder: join(this.config.cacheDir, 'autocomplete') }
  }
}
