import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { exitCodes } from '../cli/exit-code.ts'
import { formatBytes, formatHolding, formatPlural } from '../cli/printable.ts'
import { check } from '../package/check.ts'

export default class Check extends BaseCommand<typeof Check> {
  static override summary =
    'Say everything that is wrong in a build file and which checks fail; nothing is written'
  static override description = 'Exits with 2 when something is wrong.'
  static override args = {
    path: Args.string({
      ignoreStdin: true,
      default: '.',
      description: 'a build.yml, or a folder; the working directory unless told',
    }),
  }
  static override flags = {
    'allow-outside': Flags.boolean({ description: 'let the build file name files outside its folder' }),
    'follow-links': Flags.boolean({ description: 'follow symbolic links that point outside the folder' }),
  }
  static override examples = ['<%= config.bin %> check', '<%= config.bin %> check ./wine/build.yml']

  protected async execute(): Promise<unknown> {
    const { 'allow-outside': allowOutside, 'follow-links': followLinks } = this.flags
    const report = await check(await this.session(), this.args.path, { allowOutside, followLinks }, this.ctx)
    for (const { file, line, column, message } of report.problems) {
      const [first = '', ...more] = message.split('\n')
      this.out.line(`${file}:${String(line)}:${String(column)}: ${first}`)
      for (const one of more) this.out.line(one)
    }
    if (!report.ok) process.exitCode = exitCodes.INVALID
    else {
      const size = `${formatPlural(report.files ?? 0, 'file')}, ${formatBytes(report.bytes ?? 0)}${formatHolding(report.checks)}`
      this.out.line(`ok ${report.topHash ?? ''} (${size})`)
    }
    return report
  }
}
