// oclif's hook for a command that does not exist: says which one was meant. Never asks, never runs another.
import type { Hook, Interfaces } from '@oclif/core'
import { QuiltError } from '../core/base/error.ts'
import { closest } from '../core/base/closest.ts'

/** Called by oclif with the words up to the first flag, joined by colons. */
export const unknownCommand: Hook<'command_not_found'> = (options): Promise<void> => {
  const { config, id } = options
  const words = id.split(':')
  const command = commandIn(words, new Set(config.commandIDs))
  // oclif takes what follows a command without arguments for a part of its name.
  if (command !== undefined) return Promise.reject(tooMuch(command, words))
  return Promise.reject(noCommand(config, words))
}

/** What is asked of oclif's configuration: which commands and topics there are. */
type Known = Pick<Interfaces.Config, 'commands' | 'findTopic'>

/** Says that there is no such command, and which one was meant. */
export function noCommand(config: Known, words: readonly string[]): QuiltError {
  const ids = config.commands.filter((command) => !command.hidden).map((command) => command.id)
  const topic = words[0] !== undefined && config.findTopic(words[0]) !== undefined ? words[0] : undefined
  const typed = words.slice(0, topic === undefined ? 1 : 2).join(' ')
  const meant = suggest(words, ids)
  const list = topic === undefined ? 'quilt help' : `quilt help ${topic}`
  return new QuiltError('INVALID', `no command ${JSON.stringify(typed)}`, {
    hint: meant === undefined ? `list the commands with: ${list}` : `did you mean: quilt ${meant}`,
  })
}

/** The longest beginning of the words that is a command. */
function commandIn(words: readonly string[], ids: ReadonlySet<string>): string | undefined {
  for (let n = words.length - 1; n > 0; n--) {
    const id = words.slice(0, n).join(':')
    if (ids.has(id)) return id
  }
  return undefined
}

function tooMuch(id: string, words: readonly string[]): QuiltError {
  const typed = id.replaceAll(':', ' ')
  const rest = words.slice(id.split(':').length).join(' ')
  return new QuiltError('INVALID', `quilt ${typed} takes no argument, and got ${JSON.stringify(rest)}`, {
    hint: `see: quilt ${typed} --help`,
  })
}

/** The command id nearest to as many of the words as it has itself, as it is typed. */
export function suggest(words: readonly string[], ids: readonly string[]): string | undefined {
  const longest = Math.max(...ids.map((id) => id.split(':').length))
  for (let n = Math.min(longest, words.length); n > 0; n--) {
    const names = ids.filter((id) => id.split(':').length === n).map((id) => id.replaceAll(':', ' '))
    const near = closest(words.slice(0, n).join(' '), names)
    if (near !== undefined) return near
  }
  return undefined
}
