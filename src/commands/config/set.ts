import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { configSet } from '../../session/configuration.ts'

export default class ConfigSet extends BaseCommand<typeof ConfigSet> {
  static override summary = "Set a value in the user's own configuration; an empty one removes it"
  static override args = {
    key: Args.string({ ignoreStdin: true, required: true, description: 'the key' }),
    value: Args.string({ ignoreStdin: true, required: true, description: 'the value' }),
  }
  static override examples = ['<%= config.bin %> config set author.name "Ada Lovelace"']

  protected async execute(): Promise<unknown> {
    const { key, value } = this.args
    const session = await this.session()
    const kept = await configSet(session, key, value)
    this.out.note(`written to ${session.userFile}`)
    return kept
  }
}
