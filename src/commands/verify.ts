import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { exitCodes } from '../cli/exit-code.ts'
import { formatBytes, formatPlural } from '../cli/printable.ts'
import { QuiltError } from '../core/base/error.ts'
import { remoteFlag } from '../cli/flags/remote-flags.ts'
import { verifyViews } from '../package/tables/verify-views.ts'
import { verify } from '../package/verify.ts'

export default class Verify extends BaseCommand<typeof Verify> {
  static override summary = 'Prove every byte of the store or of a remote, or of what some packages reach'
  static override description =
    'With --remote alone, proves what lies there; with --repair, mends this machine from there. Exits with 4 when something is damaged or missing.'
  static override strict = false
  static override args = {
    pkg: Args.string({ ignoreStdin: true, description: 'OWNER/NAME, any number of them' }),
  }
  static override flags = {
    repair: Flags.boolean({
      description:
        'mend what is damaged, and fetch what is lost from the remote, or else from the origin of each package',
    }),
    views: Flags.boolean({ description: 'make the views of tables again, too, and compare their rows' }),
    ...remoteFlag,
  }
  static override examples = [
    '<%= config.bin %> verify',
    '<%= config.bin %> verify ada/wine',
    '<%= config.bin %> verify --remote file:///shared/data',
    '<%= config.bin %> verify --repair --remote file:///shared/data',
  ]

  protected async execute(): Promise<unknown> {
    const { remote, repair, views } = this.flags
    const there = repair ? undefined : remote
    if (there !== undefined && views) {
      throw new QuiltError('INVALID', '--views proves what is on this machine, and --remote what is not', {
        hint: 'give one of them, or install the package first',
      })
    }
    const report = await verify(await this.session(), this.words, this.flags, this.ctx)
    for (const { message, outcome } of report.repaired ?? []) {
      this.out.line(`repaired: ${message}`)
      if (outcome !== undefined) this.out.line(`  ${outcome}`)
    }
    for (const { message, packages: hurt, paths, hint } of report.problems) {
      this.out.line(this.out.paint.red(message))
      if (hurt.length > 0) this.out.line(`  hurts ${hurt.join(', ')}`)
      for (const path of paths) this.out.line(`  at ${path}`)
      if (hint !== undefined) this.out.line(`  hint: ${hint}`)
    }
    const { objects, bytes, packages: count } = report.checked
    const checked = `${formatPlural(objects, 'object')}, ${formatBytes(bytes)}, ${formatPlural(count, 'package')}`
    if (report.problems.length === 0) this.out.line(`all is well: ${checked}`)
    else {
      this.out.line(`${formatPlural(report.problems.length, 'problem')} in ${checked}`)
      if (there !== undefined) this.out.note('push what is whole here again, from where it is whole')
      else if (!repair) this.out.note('mend what can be from where it is whole: quilt verify --repair')
      process.exitCode = exitCodes.CORRUPT
    }
    if (!views) return report
    return { ...report, ...(await this.proveViews()) }
  }

  private async proveViews(): Promise<object> {
    const { views, problems } = await verifyViews(await this.session(), this.words, this.ctx)
    for (const { path, message } of problems)
      this.out.line(`${path}: the view is not what the file makes: ${message}`)
    this.out.line(`${formatPlural(views, 'view')} made again, ${formatPlural(problems.length, 'problem')}`)
    if (problems.length > 0) process.exitCode = exitCodes.CORRUPT
    return { views, viewProblems: problems }
  }
}
