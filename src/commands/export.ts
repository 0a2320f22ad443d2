import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { formatBytes, formatPlural } from '../cli/printable.ts'
import { rateFlag } from '../cli/flags/rate-flag.ts'
import { revisionFlags } from '../cli/flags/revision-flags.ts'
import { exportPackage } from '../package/export.ts'

export default class Export extends BaseCommand<typeof Export> {
  static override summary = "Write a package's files out, byte by byte as they went in"
  static override description =
    'A part keeps its path: `export ada/wine/reds ./out` writes out/reds/… With --symlinks files become links into the store. They are read-only; who edits one all the same damages the store, which `quilt verify` finds. A bucket gets plain files, one by one, for programs that read buckets; symbolic links are left out there. With --format parquet a large table becomes a folder of parts, which Spark, DuckDB and their like read as one table.'
  static override args = {
    handle: Args.string({ ignoreStdin: true, required: true, description: 'OWNER/NAME[/PATH][@REVISION]' }),
    dest: Args.string({
      ignoreStdin: true,
      description: 'the folder to write into, or s3://BUCKET/FOLDER; the working directory unless told',
    }),
  }
  static override flags = {
    ...revisionFlags,
    ...rateFlag,
    force: Flags.boolean({ char: 'f', description: 'replace files that exist' }),
    format: Flags.option({
      options: ['csv', 'json', 'parquet'] as const,
      description: 'write tables in this format; without it every file is the very bytes that went in',
    })(),
    'partition-by': Flags.string({
      dependsOn: ['format'],
      helpValue: 'COLUMN,…',
      description: 'write each table as Parquet in folders COLUMN=VALUE/…, as Hive and Spark do',
    }),
    symlinks: Flags.boolean({
      char: 's',
      description: 'make symbolic links into the store instead of copies',
    }),
  }
  static override examples = [
    '<%= config.bin %> export ada/wine ./wine',
    '<%= config.bin %> export ada/wine/reds@1.0 ./old --force',
    '<%= config.bin %> export ada/wine ./parquet --format parquet',
    '<%= config.bin %> export ada/wine s3://warehouse/wine --format parquet',
    '<%= config.bin %> export ada/wine/reds.csv s3://warehouse/reds --format parquet --partition-by quality',
  ]

  protected async execute(): Promise<unknown> {
    const target = { handle: this.args.handle, destination: this.args.dest }
    const { 'partition-by': columns, ...flags } = this.flags
    const partitionBy = columns?.split(',').map((name) => name.trim())
    const done = await exportPackage(await this.session(), target, { ...flags, partitionBy }, this.ctx)
    const much = `${formatPlural(done.files, 'file')}, ${formatBytes(done.bytes)}`
    this.out.line(`exported ${much}, to ${done.destination}`)
    if (this.flags.symlinks) {
      this.out.note(
        'caution: these are links into the store: do not edit the files, and do not remove the store',
      )
    }
    return done
  }
}
