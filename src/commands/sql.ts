import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { QuiltError } from '../core/base/error.ts'
import { formats, printRows } from '../cli/drawing/rows.ts'
import { sql, sqlTo } from '../package/tables/sql.ts'

export default class Sql extends BaseCommand<typeof Sql> {
  static override summary = 'Ask tables of packages with SQL'
  static override description =
    'QUERY is one SELECT. A table is named by its handle in quotes after FROM or JOIN; a group of tables reads as one.'
  static override args = {
    query: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'one SELECT, in the SQL of DuckDB',
    }),
  }
  static override flags = {
    format: Flags.option({ options: formats, description: 'how to write the rows: table unless told' })(),
    output: Flags.string({
      char: 'o',
      description: 'a file to write instead; its name says the format, too',
    }),
  }
  static override examples = [
    `<%= config.bin %> sql "select grape, avg(points) from 'ada/wine/train@1.0' group by grape"`,
    `<%= config.bin %> sql "from 'ada/wine/train@2.0' except from 'ada/wine/train@1.0'" --output new.parquet`,
    `<%= config.bin %> sql "from 'ada/wine/train'" --output train.arrow`,
  ]

  protected async execute(): Promise<unknown> {
    const { output, format } = this.flags
    const session = await this.session()
    if (output !== undefined) {
      const named = format ?? formats.find((one) => output.toLowerCase().endsWith(`.${one}`))
      if (named === undefined || named === 'table')
        throw new QuiltError('INVALID', `in which format shall ${output} be?`, { hint: 'say --format csv' })
      const written = await sqlTo(session, this.args.query, { path: output, format: named }, this.ctx)
      this.out.note(`wrote ${written.file}`)
      return written
    }
    if (format === 'parquet' || format === 'arrow')
      throw new QuiltError('INVALID', `${format} is no text`, { hint: 'name a file with --output' })
    const { json } = this.out.settings
    if (json && format !== undefined && format !== 'json')
      throw new QuiltError('INVALID', `--json and --format ${format} are two formats`, {
        hint: 'say one of them',
      })
    const result = await sql(session, this.args.query, this.ctx)
    if (json) return result.rows() // as they come: there may be many
    await printRows(this.out, result, format ?? 'table')
    return undefined
  }
}
