import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { formatBytes } from '../cli/printable.ts'
import { describeTable, printRows } from '../cli/drawing/rows.ts'
import { remoteFlag } from '../cli/flags/remote-flags.ts'
import { diff, diffTableRows } from '../package/diff.ts'
import type { SqlRow } from '../package/tables/sql.ts'

export default class Diff extends BaseCommand<typeof Diff> {
  static override summary = 'Show what changed between two revisions, or between a revision and a folder'
  static override description =
    'Without B, a revision is compared with latest, and a package without one with what it was before its last build. With --remote, B is a revision that lies there, latest unless told.'
  static override args = {
    a: Args.string({ ignoreStdin: true, required: true, description: 'OWNER/NAME[/PATH][@REVISION]' }),
    b: Args.string({
      ignoreStdin: true,
      description: 'the same, or @REVISION of the same package, or a folder',
    }),
  }
  static override flags = {
    ...remoteFlag,
    rows: Flags.string({ description: 'the path of a table: show the rows that the two do not share' }),
    key: Flags.string({
      dependsOn: ['rows'],
      description:
        'columns, by commas, that tell one row from another: then changed rows stand before and after',
    }),
    'exit-code': Flags.boolean({ description: 'exit with 1 when there are differences' }),
  }
  static override examples = [
    '<%= config.bin %> diff ada/wine@1.0 @2.0',
    '<%= config.bin %> diff ada/wine ./wine',
    '<%= config.bin %> diff ada/wine --remote file:///shared/data',
    '<%= config.bin %> diff ada/wine@1.0 @2.0 --rows train.csv --key id',
  ]

  protected async execute(): Promise<unknown> {
    if (this.flags.rows !== undefined) return this.showRows(this.flags.rows)
    const { remote } = this.flags
    const found = await diff(await this.session(), { ...this.args, remote }, this.ctx)
    const { green, red, yellow, cyan } = this.out.paint
    const size = (bytes: number | undefined): string => (bytes === undefined ? '' : `  ${formatBytes(bytes)}`)
    for (const { path, size: bytes } of found.added) this.out.line(green(`A  ${path}${size(bytes)}`))
    for (const { path, size: bytes } of found.removed) this.out.line(red(`D  ${path}${size(bytes)}`))
    for (const { path, size: bytes, what } of found.modified) {
      this.out.line(yellow(`M  ${path}${size(bytes)}  (${what.join(', ')})`))
    }
    for (const { from, to } of found.renamed) this.out.line(cyan(`R  ${from} -> ${to}`))
    for (const table of found.tables) this.out.line(`   ${describeTable(table)}`)
    const count = found.added.length + found.removed.length + found.modified.length + found.renamed.length
    if (count === 0) this.out.note('no differences')
    if (count > 0 && this.flags['exit-code']) process.exitCode = 1
    return found
  }

  private async showRows(path: string): Promise<unknown> {
    const key = this.flags.key?.split(',').map((name) => name.trim())
    const result = await diffTableRows(
      await this.session(),
      { ...this.args, remote: this.flags.remote, path, key },
      this.ctx,
    )
    let isSame = true
    const rows = async function* (this: Diff): AsyncGenerator<SqlRow> {
      for await (const row of result.rows()) {
        isSame = false
        if (this.flags['exit-code']) process.exitCode = 1
        yield row
      }
    }.bind(this)
    if (this.out.settings.json) return rows() // as they come: there may be many
    await printRows(this.out, { ...result, rows }, 'table')
    if (isSame) this.out.note('no differences')
    return undefined
  }
}
