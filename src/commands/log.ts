import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { localTime } from '../cli/printable.ts'
import { originFlags } from '../cli/flags/remote-flags.ts'
import { log, type LogRow } from '../package/log.ts'

export default class Log extends BaseCommand<typeof Log> {
  static override summary = 'Show what latest was, newest first: a row for each push or local build'
  static override args = {
    pkg: Args.string({ ignoreStdin: true, required: true, description: 'OWNER/NAME' }),
  }
  static override flags = {
    ...originFlags,
    commits: Flags.boolean({ description: 'walk the commits by their parents instead' }),
  }
  static override examples = [
    '<%= config.bin %> log ada/wine',
    '<%= config.bin %> log ada/wine --commits --local',
  ]

  protected async execute(): Promise<unknown> {
    const rows: LogRow[] = []
    for await (const row of log(await this.session(), this.args.pkg, this.flags, this.ctx)) rows.push(row)
    const cells = rows.map((row) => [
      (row.topHash ?? row.commit).slice(0, 12),
      localTime(new Date(row.time)),
      row.author,
      row.tags.join(' '),
      row.versions.join(' '),
      row.message.split('\n')[0] ?? '',
    ])
    await this.out.table(['hash', 'time', 'author', 'tags', 'versions', 'message'], cells)
    return rows
  }
}
