import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { QuiltError } from '../../core/base/error.ts'
import { checkConfigurationKey } from '../../session/configuration.ts'

export default class ConfigGet extends BaseCommand<typeof ConfigGet> {
  static override summary = 'Show one value of the configuration'
  static override args = { key: Args.string({ ignoreStdin: true, required: true, description: 'the key' }) }
  static override examples = ['<%= config.bin %> config get author.name']

  protected async execute(): Promise<unknown> {
    const { key } = this.args
    checkConfigurationKey(key)
    const found = (await this.session()).configuration.get(key)
    if (found === undefined) {
      throw new QuiltError('NOT_FOUND', `${key} is not set`, {
        hint: `set it with: quilt config set ${key} VALUE`,
      })
    }
    this.out.line(found.value)
    return found
  }
}
