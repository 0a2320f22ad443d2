import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { remoteRemove } from '../../session/remotes.ts'

export default class RemoteRemove extends BaseCommand<typeof RemoteRemove> {
  static override summary = 'Forget the name of a remote; what lies there stays'
  static override args = { name: Args.string({ ignoreStdin: true, required: true, description: 'the name' }) }
  static override examples = ['<%= config.bin %> remote remove shared']

  protected async execute(): Promise<unknown> {
    const done = await remoteRemove(await this.session(), this.args.name)
    this.out.line(`removed ${done.removed}`)
    return done
  }
}
