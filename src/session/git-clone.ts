// Clones a git repository by the machine's own git, which is given no chance to run what the repository brings: no hooks,
// no submodules, no protocol but the address's, no option in the place of an address.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import type { ClonedFolder } from '../package/session.ts'
import type { Env } from '../plugins/api.ts'
import { errnoOf } from '../worktree/file-error.ts'

/** As much of what git says is kept. */
const mostSaid = 4096

/** Git's settings for a repository of strangers. */
const settings: readonly string[] = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'transfer.fsckObjects=true',
  'protocol.ext.allow=never',
]

const cloneArguments: readonly string[] = [
  ...settings.flatMap((setting) => ['-c', setting]),
  'clone',
  '--quiet',
  '--depth=1',
  '--single-branch',
  '--no-tags',
  '--no-recurse-submodules',
  '--template=',
]

/**
 * The files of a repository's branch, or of its default one: the newest commit, without `.git`.
 * @throws UNSUPPORTED where there is no git; UNAVAILABLE with what git says
 */
export async function cloneGit(
  { address, branch }: { readonly address: string; readonly branch: string | undefined },
  env: Env,
  ctx?: Context,
): Promise<ClonedFolder> {
  const url = address.startsWith('/') ? pathToFileURL(address).href : address
  const parent = mkdtempSync(join(tmpdir(), 'quilt-git-'))
  const close = (): void => rmSync(parent, { recursive: true, force: true })
  const folder = join(parent, 'files')
  try {
    const args = [
      ...cloneArguments,
      ...(branch === undefined ? [] : [`--branch=${branch}`]),
      '--',
      url,
      folder,
    ]
    await runGit(args, { env: cloneEnvironment(env, url), address }, ctx)
    rmSync(join(folder, '.git'), { recursive: true, force: true })
    return { folder, close }
  } catch (error) {
    close()
    throw error
  }
}

/** Nothing is asked, nothing but the address's own protocol is spoken, and no variable points git elsewhere. */
function cloneEnvironment(env: Env, url: string): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !/^GIT_(?!SSL_|HTTP_|ASKPASS)/.test(name))
  const protocol = url.startsWith('file:') ? 'file' : 'https:http'
  return { ...Object.fromEntries(kept), GIT_TERMINAL_PROMPT: '0', GIT_ALLOW_PROTOCOL: protocol, LC_ALL: 'C' }
}

function runGit(
  args: readonly string[],
  { env, address }: { readonly env: NodeJS.ProcessEnv; readonly address: string },
  ctx?: Context,
): Promise<void> {
  const signal = ctx?.signal
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(signal === undefined ? undefined : { signal }),
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-mostSaid)
    })
    child.on('error', (error) => {
      if (signal?.aborted === true) return // told when it is gone: until then it writes, and its folder cannot be removed
      if (errnoOf(error) !== 'ENOENT') reject(error)
      else
        reject(
          new QuiltError('UNSUPPORTED', `cannot clone "${address}": there is no git here`, {
            hint: 'install git, or build a folder that was cloned elsewhere',
            cause: error,
          }),
        )
    })
    child.on('close', (status) => {
      if (signal?.aborted === true) {
        const reason: unknown = signal.reason
        reject(reason instanceof Error ? reason : new QuiltError('UNAVAILABLE', 'stopped'))
      } else if (status === 0) resolve()
      else reject(cloneError(address, said))
    })
  })
}

function cloneError(address: string, said: string): QuiltError {
  const lines = said.split('\n').filter((line) => line.trim() !== '')
  const why =
    lines.findLast((line) => /^(fatal|error|remote):/.test(line)) ?? lines.at(-1) ?? 'it says nothing'
  return new QuiltError('UNAVAILABLE', `git cannot clone "${address}": ${why.replace(/^fatal: /, '')}`, {
    hint: 'see that the address and the branch are right, and that git itself can clone it',
  })
}
