// Where things lie on this machine: XDG's folders, and what macOS and Windows have in their place.
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Env } from '../plugins/api.ts'

/** The folders of one user. */
export interface UserFolders {
  readonly config: string
  readonly data: string
}

/**
 * The user's folders, from the environment.
 * @param platform as `process.platform` says it
 */
export function userFolders(env: Env, platform: string): UserFolders {
  const home = env['HOME'] ?? env['USERPROFILE'] ?? homedir()
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
