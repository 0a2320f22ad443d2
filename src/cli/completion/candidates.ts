// What can stand at the cursor of a command line: commands, flags, their values, and the names of packages and revisions.
import type { Command } from '@oclif/core'
import type { CommandLine } from './command-line.ts'

/** A word that can stand there, and what it is. */
export interface Candidate {
  readonly word: string
  readonly about?: string | undefined
}

/** What there is to name. */
export interface NamedThings {
  /** Packages on this machine, as `OWNER/NAME`. */
  packages(): Promise<readonly string[]>
  /** A package's versions and tags, and `latest`. */
  revisions(pkg: string): Promise<readonly string[]>
  tags(pkg: string): Promise<readonly string[]>
  versions(pkg: string): Promise<readonly string[]>
  /** Paths in a folder of a package, given as a handle; those of folders end with `/`. */
  nodes(handle: string): Promise<readonly string[]>
  remotes(): Promise<readonly string[]>
}

/** What oclif knows of a command. */
export type CommandShape = Pick<Command.Loadable, 'id' | 'hidden' | 'summary' | 'flags' | 'args'>

/** `files` where any file can stand. */
export type Candidates = readonly Candidate[] | 'files'

/** Arguments that name a package, or a revision or node of one, in whatever command. */
const handles = new Set(['pkg', 'handle', 'a', 'b'])

/**
 * What can stand where the cursor is, of which only what begins with the word's typed part is of use. `thingsIn` is asked
 * for what there is to name in the store that the line names.
 *
 * @example await candidates({ before: ['tag'], current: '' }, config.commands, thingsIn) // add, list, remove
 */
export async function candidates(
  line: CommandLine,
  commands: readonly CommandShape[],
  thingsIn: (store: string | undefined) => NamedThings,
): Promise<Candidates> {
  const shown = commands.filter(({ hidden }) => !hidden)
  const { command, id, rest } = commandOf(line.before, shown)
  const below = rest.length === 0 ? nextWords(id, shown) : []
  if (command === undefined) return below
  const given = readWords(command, rest)
  const known = { commands: shown, things: thingsIn(given.flags.get('store')) }
  const found = await inCommand(command, { given, current: line.current }, known)
  if (found === 'files') return below.length > 0 ? below : found
  return [...below, ...found]
}

/** The command that the words begin with, the longest one, and the words behind it. */
function commandOf(
  before: readonly string[],
  commands: readonly CommandShape[],
): { readonly command: CommandShape | undefined; readonly id: string; readonly rest: readonly string[] } {
  let id = ''
  let taken = 0
  for (const word of before) {
    const longer = id === '' ? word : `${id}:${word}`
    if (!commands.some((one) => one.id === longer || one.id.startsWith(`${longer}:`))) break
    id = longer
    taken++
  }
  return { command: commands.find((one) => one.id === id), id, rest: before.slice(taken) }
}

/** The words that can follow the beginning of a command. */
function nextWords(id: string, commands: readonly CommandShape[]): readonly Candidate[] {
  const prefix = id === '' ? '' : `${id}:`
  const next = new Map<string, string | undefined>()
  for (const one of commands) {
    if (!one.id.startsWith(prefix)) continue
    const [word = '', ...deeper] = one.id.slice(prefix.length).split(':')
    if (word !== '' && !next.has(word)) next.set(word, deeper.length === 0 ? one.summary : undefined)
  }
  return [...next].map(([word, about]) => ({ word, about }))
}

interface Known {
  readonly commands: readonly CommandShape[]
  readonly things: NamedThings
}

async function inCommand(
  command: CommandShape,
  { given: { args, flags, pending }, current }: { readonly given: GivenWords; readonly current: string },
  known: Known,
): Promise<Candidates> {
  if (pending !== undefined) return valuesOf(command, { flag: pending, args, current }, known)
  const [, flag, value] = /^--([^=]+)=(.*)$/.exec(current) ?? []
  if (flag !== undefined) {
    const values = await valuesOf(command, { flag, args, current: value ?? '' }, known)
    return values === 'files'
      ? values
      : values.map(({ word, about }) => ({ word: `--${flag}=${word}`, about }))
  }
  if (current.startsWith('-')) return flagsOf(command, flags)
  const names = Object.keys(command.args)
  // An argument that takes many is the last one.
  const name = names[Math.min(args.length, names.length - 1)]
  return name === undefined ? [] : argument(command, { name, args, current }, known)
}

/** What was given before. */
interface GivenWords {
  readonly args: readonly string[]
  /** By their long names; '' for those without a value. */
  readonly flags: ReadonlyMap<string, string>
  /** A flag whose value comes next. */
  readonly pending: string | undefined
}

function readWords(command: CommandShape, words: readonly string[]): GivenWords {
  const args: string[] = []
  const flags = new Map<string, string>()
  let pending: string | undefined
  for (const word of words) {
    if (pending !== undefined) {
      flags.set(pending, word)
      pending = undefined
      continue
    }
    const [, long, short, value = ''] = /^(?:--([^=]+)|-(.))(=?.*)$/s.exec(word) ?? []
    const flag = Object.values(command.flags).find((one) =>
      long === undefined ? one.char === short : one.name === long,
    )
    if (long === undefined && short === undefined) args.push(word)
    else if (flag?.type === 'option' && value === '') pending = flag.name
    else if (flag !== undefined) flags.set(flag.name, value.replace(/^=/, ''))
  }
  return { args, flags, pending }
}

function flagsOf(command: CommandShape, given: ReadonlyMap<string, string>): readonly Candidate[] {
  return Object.values(command.flags)
    .filter(
      (flag) => flag.hidden !== true && (!given.has(flag.name) || (flag.type === 'option' && flag.multiple)),
    )
    .flatMap((flag) => {
      const about = flag.summary ?? flag.description
      const denied = flag.type === 'boolean' && flag.allowNo === true
      return [{ word: `--${flag.name}`, about }, ...(denied ? [{ word: `--no-${flag.name}`, about }] : [])]
    })
}

interface Place {
  readonly name: string
  readonly args: readonly string[]
  readonly current: string
}

/** Values of a flag. */
async function valuesOf(
  command: CommandShape,
  { flag: name, args, current }: Omit<Place, 'name'> & { readonly flag: string },
  { things }: Known,
): Promise<Candidates> {
  const flag = command.flags[name]
  if (flag?.type !== 'option') return []
  if (flag.options !== undefined) return words(flag.options)
  const pkg = packageIn(args[0] ?? '')
  if (name === 'remote') {
    const remotes = await things.remotes()
    return remotes.some((remote) => remote.startsWith(current)) ? words(remotes) : 'files'
  }
  if (name === 'tag') return words(await things.tags(pkg))
  if (name === 'version') return words(await things.versions(pkg))
  return 'files'
}

/** What an argument can be. */
async function argument(
  command: CommandShape,
  place: Place,
  { commands, things }: Known,
): Promise<Candidates> {
  const { name, args, current } = place
  const { options } = command.args[name] ?? {}
  if (options !== undefined) return words(options)
  if (handles.has(name)) return handlesFor(current, things)
  const pkg = packageIn(args[0] ?? '')
  if (name === 'tag') return words(await things.tags(pkg))
  if (name === 'version') return words(await things.versions(pkg))
  if (name === 'command') return nextWords(args.join(':'), commands)
  if (command.id.startsWith('remote:') && name === 'name') return words(await things.remotes())
  return 'files'
}

/** Handles that begin as what is typed: packages, then nodes of one, then its revisions. */
async function handlesFor(current: string, things: NamedThings): Promise<readonly Candidate[]> {
  const at = current.indexOf('@')
  if (at >= 0) {
    const handle = current.slice(0, at)
    return words((await things.revisions(packageIn(handle))).map((revision) => `${handle}@${revision}`))
  }
  const pkg = packageIn(current)
  if (current.length === pkg.length) return words(await things.packages())
  const folder = current.slice(0, current.lastIndexOf('/'))
  return words((await things.nodes(folder)).map((path) => `${pkg}/${path}`))
}

/** `OWNER/NAME` of a handle, or as much of it as there is. */
function packageIn(handle: string): string {
  return handle.replace(/@.*$/s, '').split('/').slice(0, 2).join('/')
}

function words(all: readonly string[]): readonly Candidate[] {
  return all.map((word) => ({ word }))
}
