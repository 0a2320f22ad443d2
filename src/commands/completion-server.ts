import { BaseCommand } from '../cli/base-command.ts'
import { candidates, type NamedThings } from '../cli/completion/candidates.ts'
import { commandLine } from '../cli/completion/command-line.ts'
import { reply, shellNamed } from '../cli/completion/reply.ts'
import { namedThings } from '../cli/completion/things.ts'

/** What the scripts of `quilt completion` call at each tab. What cannot be found out is not said: someone is typing. */
export default class CompletionServer extends BaseCommand<typeof CompletionServer> {
  static override hidden = true
  static override strict = false
  static override summary = 'Say what can stand at the cursor, for the scripts of quilt completion'

  protected async execute(): Promise<unknown> {
    const shell = shellNamed(process.env['SHELL'] ?? '')
    const line = commandLine(process.env, this.config.bin)
    if (shell === undefined || line === undefined) return []
    const thingsIn = (store: string | undefined): NamedThings => namedThings(() => this.session(store))
    const found = await candidates(line, this.config.commands, thingsIn).catch(() => [])
    const lines = reply(shell, line.current, found)
    for (const text of lines) this.out.line(...text.split('\t'))
    return lines
  }
}
