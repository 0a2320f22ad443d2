// The names that completion offers, from the store and the configuration of whoever types.
import { tagList, versionList } from '../../package/names/naming.ts'
import { inspect } from '../../package/inspect.ts'
import { ls } from '../../package/list.ts'
import type { ConfiguredSession } from '../../session/open-session.ts'
import { remoteList } from '../../session/remotes.ts'
import type { NamedThings } from './candidates.ts'

/** Who types does not wait for a remote. */
const here = { local: true }

/** What can be named in a session, which is opened with the first name that is asked for. */
export function namedThings(open: () => Promise<ConfiguredSession>): NamedThings {
  let opening: Promise<ConfiguredSession> | undefined
  const session = (): Promise<ConfiguredSession> => (opening ??= open())
  const tags = async (pkg: string): Promise<readonly string[]> =>
    (await tagList(await session(), pkg, here)).map(({ tag }) => tag)
  const versions = async (pkg: string): Promise<readonly string[]> =>
    (await versionList(await session(), pkg, here)).map(({ version }) => version)
  return {
    packages: async () => {
      const found = new Set<string>()
      try {
        for await (const { package: name } of ls(await session())) found.add(name)
      } catch {
        // Those that are damaged come last.
      }
      return [...found]
    },
    revisions: async (pkg) => ['latest', ...(await versions(pkg)), ...(await tags(pkg))],
    tags,
    versions,
    nodes: async (handle) => {
      const { path, children = [] } = await inspect(await session(), handle, { depth: 1 })
      const folder = path === '' ? '' : `${path}/`
      return children.map(({ name, type }) => `${folder}${name}${type === 'group' ? '/' : ''}`)
    },
    remotes: async () => remoteList(await session()).map(({ name }) => name),
  }
}
