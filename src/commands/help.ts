import { Args, loadHelpClass } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { noCommand } from '../cli/unknown-command.ts'

export default class Help extends BaseCommand<typeof Help> {
  static override summary = 'Show what quilt or one of its commands does'
  static override strict = false
  static override args = {
    command: Args.string({ ignoreStdin: true, description: 'the command, as it is typed' }),
  }
  static override examples = ['<%= config.bin %> help build', '<%= config.bin %> help tag add']

  protected async execute(): Promise<unknown> {
    const words = this.argv.filter((word) => !word.startsWith('-'))
    const id = words.join(':')
    const isKnown = id === '' || (this.config.findCommand(id) ?? this.config.findTopic(id)) !== undefined
    if (!isKnown) throw noCommand(this.config, words)
    if (this.out.settings.json) return this.commandList(id)
    const HelpText = await loadHelpClass(this.config)
    await new HelpText(this.config, this.config.pjson.oclif.helpOptions).showHelp(words)
    return undefined
  }

  private commandList(id: string): unknown {
    const shown = this.config.commands.filter((command) => !command.hidden)
    const asked = shown.filter((command) => id === '' || command.id === id || command.id.startsWith(`${id}:`))
    return asked.map(({ id, summary, description }) => ({
      command: id.replaceAll(':', ' '),
      summary: summary ?? description ?? '',
    }))
  }
}
