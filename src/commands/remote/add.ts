import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base-command.ts'
import { remoteAdd, type AddedRemote } from '../../session/remotes.ts'

export default class RemoteAdd extends BaseCommand<typeof RemoteAdd> {
  static override summary = 'Give a remote a name'
  static override description =
    'A bucket is tried with racing writers when it is first named, or first pushed to: where its store lets several of them win, it is read-only until its owner declares that only one process ever writes to it. What was found is kept in the bucket.'
  static override args = {
    name: Args.string({ ignoreStdin: true, required: true, description: 'the name' }),
    address: Args.string({
      ignoreStdin: true,
      required: true,
      description:
        'an address such as s3://bucket/folder, file:///shared/data, https://host/data, or a folder',
    }),
  }
  static override flags = {
    'single-writer': Flags.boolean({
      description: 'declare that only one process ever writes to it',
    }),
    web: Flags.boolean({
      allowNo: true,
      description:
        'keep a listing, so that a web server can serve it; a folder has one unless told otherwise',
    }),
  }
  static override examples = [
    '<%= config.bin %> remote add shared file:///shared/data',
    '<%= config.bin %> remote add lab s3://lab-data/quilt',
    "<%= config.bin %> remote add own 's3://data?endpoint=https://minio.example.com' --web",
  ]

  protected async execute(): Promise<unknown> {
    const { name, address } = this.args
    const { 'single-writer': singleWriter, web } = this.flags
    const declared = {
      ...(singleWriter ? { singleWriter } : {}),
      ...(web === undefined ? {} : { listing: web }),
    }
    const done = await remoteAdd(await this.session(), { name, address }, declared, this.ctx)
    this.out.line(done.name, done.address)
    for (const note of notes(done)) this.out.note(note)
    this.out.note(`use it for all packages with: quilt config set remote ${done.name}`)
    return done
  }
}

function notes({ writers, listing, unknown }: AddedRemote): readonly string[] {
  const said = {
    many: 'any number of writers: of those who race, exactly one wins',
    one: 'one writer, as declared: never push from two places at once',
    none:
      listing === undefined
        ? 'read-only'
        : 'read-only: of writers who race for a name, several win, or none. If only one process ever writes, add --single-writer',
  }
  return [
    ...(writers === undefined ? [] : [said[writers]]),
    ...(listing === true ? ['each push keeps a listing, for web servers'] : []),
    ...(unknown === undefined ? [] : [`not tried yet, the first push will: ${unknown}`]),
  ]
}
