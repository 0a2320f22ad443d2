import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { configGet } from '../../session/configuration.ts'

export default class ConfigGet extends BaseCommand<typeof ConfigGet> {
  static override summary = 'Show one value of the configuration'
  static override args = { key: Args.string({ ignoreStdin: true, required: true, description: 'the key' }) }
  static override examples = ['<%= config.bin %> config get author.name']

  protected async execute(): Promise<unknown> {
    const found = configGet(await this.session(), this.args.key)
    this.out.line(found.value)
    return found
  }
}
