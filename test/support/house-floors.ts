// The floors of the house as data: which folder stands where, and who may look at whom.

/** A room: the longest matching prefix of a file's path under src decides which one it is in. */
interface Room {
  readonly prefix: string
  readonly floor: number
  /** Rooms of the same floor, or above, that it may see all the same. */
  readonly sees?: readonly string[]
}

/** Bottom to top. A file sees its own room, every lower floor, and what `sees` names. */
const rooms: readonly Room[] = [
  { prefix: 'core/base/', floor: 0 },
  { prefix: 'core/model/', floor: 1 },
  { prefix: 'core/codec/', floor: 2 },
  { prefix: 'core/chunk/', floor: 2 },
  { prefix: 'core/backend/', floor: 2 },
  { prefix: 'core/store/', floor: 3 },
  { prefix: 'core/tree/', floor: 4 },
  { prefix: 'core/history/', floor: 5 },
  { prefix: 'core/repo/', floor: 6 },
  { prefix: 'plugins/parser.ts', floor: 7 },
  { prefix: 'plugins/network.ts', floor: 7 },
  { prefix: 'plugins/api.ts', floor: 7, sees: ['plugins/parser.ts', 'plugins/network.ts'] },
  { prefix: 'plugins/backends/', floor: 8 },
  { prefix: 'plugins/parsers/', floor: 8 },
  { prefix: 'worktree/', floor: 9 },
  { prefix: 'table/', floor: 9 },
  { prefix: 'registry/protocol/', floor: 9 },
  { prefix: 'package/', floor: 10 },
  { prefix: 'plugins/builtin.ts', floor: 11 },
  { prefix: 'plugins/host', floor: 11, sees: ['plugins/builtin.ts'] },
  { prefix: 'plugins/install', floor: 11, sees: ['plugins/host'] },
  { prefix: 'registry/client/', floor: 11 },
  { prefix: 'registry/web/', floor: 11 },
  { prefix: 'registry/server/', floor: 11, sees: ['registry/web/'] },
  {
    prefix: 'session/',
    floor: 11,
    sees: ['plugins/builtin.ts', 'plugins/host', 'plugins/install', 'registry/client/'],
  },
  { prefix: 'library/', floor: 12 },
  { prefix: 'cli/', floor: 12 },
  { prefix: 'commands/', floor: 12, sees: ['cli/'] },
  { prefix: 'index.ts', floor: 13 },
  { prefix: 'register/', floor: 13 },
  { prefix: 'testing/', floor: 12 },
]

/** The room of a path under src, or `undefined` when the house has none for it. */
export function roomOf(path: string): Room | undefined {
  let found: Room | undefined
  for (const room of rooms) {
    if (path.startsWith(room.prefix) && room.prefix.length > (found?.prefix.length ?? 0)) found = room
  }
  return found
}

/** Why one file under src may not see another, or `undefined` when it may. */
export function viewProblem(from: string, to: string): string | undefined {
  const a = roomOf(from)
  const b = roomOf(to)
  if (a === undefined || b === undefined)
    return `${a === undefined ? from : to} stands in no room of the house`
  if (b.prefix === 'testing/' && a.prefix !== 'testing/') return 'src never imports src/testing'
  if (a.prefix === 'plugins/backends/' || a.prefix === 'plugins/parsers/')
    return pluginViewProblem(from, to, b)
  if (a.prefix === 'testing/')
    return isBelow(to, ['testing/', 'core/', 'plugins/api.ts'])
      ? undefined
      : 'testing sees plugins/api and core only'
  if (b.prefix === 'plugins/backends/' || b.prefix === 'plugins/parsers/') {
    return a.prefix === 'plugins/builtin.ts'
      ? undefined
      : 'the built-in plugins are reached through plugins/builtin.ts'
  }
  if (a.prefix === b.prefix || b.floor < a.floor || a.sees?.includes(b.prefix) === true) return undefined
  return b.floor === a.floor
    ? `${a.prefix} and ${b.prefix} are neighbours`
    : `${b.prefix} is above ${a.prefix}`
}

/** A plugin sees the API and its own further files: `file.ts` and `file-lock.ts` are one plugin, `file/` too. */
function pluginViewProblem(from: string, to: string, room: Room): string | undefined {
  if (room.prefix === 'plugins/api.ts') return undefined
  const own = (path: string): string =>
    path
      .split('/')
      .slice(0, 3)
      .join('/')
      .replace(/(-[^/]*)?(\.ts)?$/, '')
  return own(from) === own(to) ? undefined : 'a plugin sees plugins/api.ts only'
}

/** True when a path under src lies in one of these folders, or is one of these files. */
export function isBelow(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => path.startsWith(prefix))
}
