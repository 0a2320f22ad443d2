// What oclif's help lacks: the first steps and the exit statuses on the first page, and flags that stand in line.
import { CommandHelp, Help } from '@oclif/core'

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

const statuses: readonly (readonly [status: string, meaning: string])[] = [
  ['0', 'done'],
  ['1', 'a failure of ours: please report it'],
  ['2', 'wrong usage, or bad input'],
  ['3', 'there is no such thing'],
  ['4', 'data is damaged'],
  ['5', 'someone else was first, or it exists'],
  ['6', 'not allowed'],
  ['7', 'not supported here'],
  ['8', 'network, disk or server trouble: trying again may help'],
  ['130', 'interrupted'],
]

/** The help of the program, its topics and its commands. oclif finds it by package.json. */
export class HelpText extends Help {
  protected override CommandHelpClass = AlignedHelp

  protected override async showRootHelp(): Promise<void> {
    await super.showRootHelp()
    const examples = firstSteps.map((words) => `$ ${this.config.bin} ${words}`).join('\n')
    this.log(this.section('FIRST STEPS', examples))
    this.log('')
    const rows = statuses.map(([status, meaning]): [string, string] => [status, meaning])
    this.log(this.section('EXIT STATUS', this.renderList(rows, { indentation: 2, spacer: '\n' })))
    this.log('')
  }
}
