import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base-command.ts'
import { formatBytes, formatHolding, formatPlural } from '../cli/printable.ts'
import { build } from '../package/build.ts'

export default class Build extends BaseCommand<typeof Build> {
  static override summary = 'Build a package, or a node of one, from a folder or a build file'
  static override description =
    'A folder with a build.yml at its top is built as that says. Without PATH it becomes an empty package. ' +
    'When the result is what latest is already, no commit is made. Where a check fails, nothing is.'
  static override args = {
    pkg: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'OWNER/NAME, or OWNER/NAME/PATH for one node of it',
    }),
    path: Args.string({
      ignoreStdin: true,
      description:
        'a folder, a build.yml, or a git repository (https://….git[@BRANCH]); for a node also a file',
    }),
  }
  static override flags = {
    message: Flags.string({ char: 'm', description: 'what this revision is' }),
    'dry-run': Flags.boolean({ char: 'n', description: 'say what would be built, and write nothing' }),
    force: Flags.boolean({ char: 'f', description: 'make a commit even where nothing has changed' }),
    'allow-outside': Flags.boolean({ description: 'let the build file name files outside its folder' }),
    'build-file': Flags.boolean({
      allowNo: true,
      description: 'take PATH for a build file, or a folder that holds one; with --no- for data',
    }),
    tables: Flags.boolean({
      allowNo: true,
      default: true,
      description: 'make tables of files that can be read as such; --no-tables keeps bytes only',
    }),
    'follow-links': Flags.boolean({ description: 'follow symbolic links that point outside the folder' }),
  }
  static override examples = [
    '<%= config.bin %> build ada/wine ./wine --message "first harvest"',
    '<%= config.bin %> build ada/wine ./wine/build.yml',
    '<%= config.bin %> build ada/wine/reds/merlot.csv ./merlot.csv',
  ]

  protected async execute(): Promise<unknown> {
    const { message, force, tables, 'dry-run': dryRun, 'follow-links': followLinks } = this.flags
    const { 'allow-outside': allowOutside, 'build-file': buildFile } = this.flags
    const options = { message, force, dryRun, followLinks, allowOutside, buildFile, tables }
    const made = await build(
      await this.session(),
      { handle: this.args.pkg, path: this.args.path },
      options,
      this.ctx,
    )
    const what = `${made.package} ${made.topHash}`
    const read = made.tables === 0 ? '' : `${formatPlural(made.tables, 'table')}, `
    const files = `${formatPlural(made.files, 'file')}, ${read}${formatBytes(made.bytes)}${formatHolding(made.checks)}`
    if (made.unchanged) this.out.line(`unchanged ${what} (${files})`)
    else if (dryRun)
      this.out.line(`would build ${what} (${files}, ${formatBytes(made.newBytes)} new before compression)`)
    else this.out.line(`built ${what} (${files}, ${formatBytes(made.newBytes)} new)`)
    if (made.buildFile !== undefined) this.out.note(`built with the build file "${made.buildFile}"`)
    if (made.ignored > 0) this.out.note(`left out by rule: ${formatPlural(made.ignored, 'name')}`)
    if (!dryRun && !made.unchanged) this.out.note(`next: quilt push ${made.package}`)
    return made
  }

  protected override resumeHint(): string {
    return 'run the same command again: what was read already is not read again'
  }
}
