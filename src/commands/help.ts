import { Args, loadHelpClass } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'

export default class Help extends BaseCommand<typeof Help> {
  static override summary = 'Show what quilt or one of its commands does'
  static override strict = false
  static override args = {
    command: Args.string({ ignoreStdin: true, description: 'the command, as it is typed' }),
  }
  static override examples = ['<%= config.bin %> help build', '<%= config.bin %> help tag add']

  protected async execute(): Promise<unknown> {
    const words = this.argv.filter((word) => !word.startsWith('-'))
    if (this.out.settings.json) return this.commandList()
    const HelpText = await loadHelpClass(this.config)
    await new HelpText(this.config, this.config.pjson.oclif.helpOptions).showHelp(words)
    return undefined
  }

  private commandList(): unknown {
    const shown = this.config.commands.filter((command) => !command.hidden)
    return shown.map(({ id, summary, description }) => ({
      command: id.replaceAll(':', ' '),
      summary: summary ?? description ?? '',
    }))
  }
}
