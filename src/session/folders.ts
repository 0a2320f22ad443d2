// Where things lie on this machine: XDG's folders, and what macOS and Windows have in their place.
import { statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { Env } from '../plugins/api.ts'

/** The folders of one user. */
export interface UserFolders {
  readonly config: string
  readonly data: string
}

/**
 * The user's folders, from the environment; `undefined` for a user who has no home, as in some containers.
 * @param platform as `process.platform` says it
 */
export function userFolders(env: Env, platform: string): UserFolders | undefined {
  const home = homeOf(env)
  const { XDG_CONFIG_HOME: config, XDG_DATA_HOME: data } = env
  if (home === undefined) {
    if (platform === 'win32' || config?.startsWith('/') !== true || data?.startsWith('/') !== true)
      return undefined
    return { config: join(config, 'quilt'), data: join(data, 'quilt') }
  }
  if (platform === 'win32') {
    const local = env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local')
    return { config: join(env['APPDATA'] ?? local, 'quilt'), data: join(local, 'quilt') }
  }
  const mac = platform === 'darwin' ? join(home, 'Library', 'Application Support', 'quilt') : undefined
  const xdg = (name: string, otherwise: string): string => {
    const given = env[name]
    return given?.startsWith('/') === true ? join(given, 'quilt') : (mac ?? join(home, otherwise, 'quilt'))
  }
  return { config: xdg('XDG_CONFIG_HOME', '.config'), data: xdg('XDG_DATA_HOME', join('.local', 'share')) }
}

/** HOME where it says a place; empty or relative it would mean another folder in every folder. */
function homeOf(env: Env): string | undefined {
  const said = [env['HOME'], env['USERPROFILE']].find((home) => home !== undefined && isAbsolute(home))
  if (said !== undefined) return said
  try {
    const { homedir } = userInfo()
    return isAbsolute(homedir) ? homedir : undefined
  } catch {
    return undefined // no entry in the system's list of users
  }
}

/** True for what belongs to another user than ours and root; false where systems know no owners. */
export function isOthers(path: string): boolean {
  const own = process.getuid?.()
  if (own === undefined) return false
  try {
    const { uid } = statSync(path)
    return uid !== own && uid !== 0
  } catch {
    return false // whoever reads it will say what is wrong
  }
}
