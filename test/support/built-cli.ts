// The built command line, run as people and scripts run it: another process, a home and a store of its own.
import { spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder. */
export const repositoryFolder: string = fileURLToPath(new URL('../..', import.meta.url))
/** The entry of the built command line. */
export const program: string = join(repositoryFolder, 'bin', 'run.js')

/** A person at a machine: a home, in which the store lies, and a working directory. */
export interface Person {
  readonly env: Readonly<Record<string, string>>
  run(...argv: readonly string[]): SpawnSyncReturns<string>
  /** Runs with --json and gives the value; an unexpected failure throws. */
  json<T>(...argv: readonly string[]): T
  /** Runs in a shell, in which `quilt` is the program. */
  shell(script: string): SpawnSyncReturns<string>
}

/** A person whose home is `home` and who works in `folder`. */
export function person(home: string, folder: string, more: Readonly<Record<string, string>> = {}): Person {
  if (!existsSync(join(repositoryFolder, 'dist', 'cli'))) throw new Error('build first: npm run build')
  const name = home.split('/').at(-1) ?? 'someone'
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    QUILT_AUTHOR_NAME: name,
    QUILT_AUTHOR_EMAIL: `${name}@example.org`,
    ...more,
  }
  const options = {
    env,
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
  } as const
  const run = (...argv: readonly string[]): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, [program, ...argv], { ...options, input: '' })
  return {
    env,
    run,
    json: <T>(...argv: readonly string[]): T => {
      const { status, stdout, stderr } = run(...argv, '--json')
      if (status !== 0) throw new Error(`quilt ${argv.join(' ')} ended with ${String(status)}: ${stderr}`)
      return JSON.parse(stdout) as T
    },
    shell: (script) =>
      spawnSync('bash', ['-c', `quilt() { "${process.execPath}" "${program}" "$@"; }; ${script}`], options),
  }
}
