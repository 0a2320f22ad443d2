import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { remoteAdd } from '../../session/remotes.ts'

export default class RemoteAdd extends BaseCommand<typeof RemoteAdd> {
  static override summary = 'Give a remote a name'
  static override args = {
    name: Args.string({ ignoreStdin: true, required: true, description: 'the name' }),
    address: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'an address such as file:///shared/data, or a folder',
    }),
  }
  static override examples = ['<%= config.bin %> remote add shared file:///shared/data']

  protected async execute(): Promise<unknown> {
    const done = await remoteAdd(await this.session(), this.args.name, this.args.address)
    this.out.line(done.name, done.address)
    this.out.note(`use it for all packages with: quilt config set remote ${done.name}`)
    return done
  }
}
