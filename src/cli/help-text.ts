// What oclif's help lacks: the first steps and the exit statuses on the first page, and flags that stand in line.
import { CommandHelp, Help } from '@oclif/core'
import { bugExitCode, exitCodes, interruptedExitCode } from './exit-code.ts'

/** A flag without a letter keeps its place when it is the first: oclif trims the list. */
class AlignedHelp extends CommandHelp {
  override renderList(...[rows, options]: Parameters<CommandHelp['renderList']>): string {
    const text = super.renderList(rows, options)
    const label = rows[0]?.[0] ?? ''
    const isAlone = text.split('\n', 1)[0] === label.trim() // the words stand below it: nothing is in line
    return isAlone ? text : label.slice(0, label.search(/\S/)) + text
  }
}

const firstSteps: readonly string[] = [
  'build ada/wine ./wine --message "first harvest"',
  'push ada/wine --remote ./shared',
  'install ada/wine --remote ./shared',
  'export ada/wine ./copy',
]

const statuses: readonly (readonly [status: number, meaning: string])[] = [
  [0, 'done'],
  [bugExitCode, 'a failure of ours: please report it'],
  [exitCodes.INVALID, 'wrong usage, or bad input'],
  [exitCodes.NOT_FOUND, 'there is no such thing'],
  [exitCodes.CORRUPT, 'data is damaged'],
  [exitCodes.CONFLICT, 'someone else was first, or it exists'],
  [exitCodes.DENIED, 'not allowed'],
  [exitCodes.UNSUPPORTED, 'not supported here'],
  [exitCodes.UNAVAILABLE, 'network, disk or server trouble: trying again may help'],
  [interruptedExitCode, 'interrupted'],
]

/** The help of the program, its topics and its commands. oclif finds it by package.json. */
export class HelpText extends Help {
  protected override CommandHelpClass = AlignedHelp

  protected override async showRootHelp(): Promise<void> {
    await super.showRootHelp()
    const examples = firstSteps.map((words) => `$ ${this.config.bin} ${words}`).join('\n')
    this.log(this.section('FIRST STEPS', examples))
    this.log('')
    const rows = statuses.map(([status, meaning]): [string, string] => [String(status), meaning])
    this.log(this.section('EXIT STATUS', this.renderList(rows, { indentation: 2, spacer: '\n' })))
    this.log('')
  }
}
