// Ours: the built command line, as a user starts it. Steps whose command is not built yet are left out.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Command, type Place, type Plan, type Step, type StepName, type Tool } from '../tool.ts'

/** The package that is measured. */
export const pkg = 'bench/data'

/** The program of the repository at `home`. */
export function quilt(home: string): Tool {
  const program = join(home, 'bin', 'run.js')
  return {
    name: 'quilt',
    version: [process.execPath, program, '--version'],
    mapping: {
      build: '`quilt build PKG DIR --no-tables`',
      again: '`quilt build PKG DIR --no-tables`',
      changed: '`quilt build PKG DIR --no-tables`',
      export: '`quilt export PKG DEST`',
      push: '`quilt push PKG --remote file:///…`',
      install: '`quilt install PKG --remote file:///…` into another store',
    },
    remarks:
      'The built command line (`bin/run.js`), started anew for each step; the others parse no tables either. ' +
      'Its stat cache lies in its store (`cache/`), and is not counted, as those of restic and borg are not; it syncs what it stores (seen by strace).',
    plan: (place) => plan(place, program, builtCommands(home)),
  }
}

/** The commands that the built program has, by oclif's manifest. */
export function builtCommands(home: string): ReadonlySet<string> {
  const manifest = join(home, 'oclif.manifest.json')
  if (!existsSync(manifest) || !existsSync(join(home, 'dist', 'cli', 'main.js'))) return new Set()
  const { commands } = JSON.parse(readFileSync(manifest, 'utf8')) as { commands: Record<string, unknown> }
  return new Set(Object.keys(commands))
}

/** Whether a source is newer than the built program, so that the figures would be of an older one. */
export function isStale(home: string): boolean {
  const main = join(home, 'dist', 'cli', 'main.js')
  if (!existsSync(main)) return false
  const built = statSync(main).mtimeMs
  const sources = readdirSync(join(home, 'src'), { recursive: true, encoding: 'utf8' })
  return sources.some((name) => name.endsWith('.ts') && statSync(join(home, 'src', name)).mtimeMs > built)
}

/** A call of the program with a store of its own. */
export function quiltCommand(program: string, place: Place, store: string, argv: readonly string[]): Command {
  return {
    argv: [process.execPath, program, ...argv],
    cwd: place.root,
    env: { ...place.env, QUILT_STORE: store },
  }
}

function plan(place: Place, program: string, commands: ReadonlySet<string>): Plan {
  const { input, root } = place
  const store = join(root, 'store')
  const remote = join(root, 'remote')
  const other = join(root, 'other')
  const out = join(root, 'out')
  const url = pathToFileURL(remote).href
  const build = {
    command: quiltCommand(program, place, store, ['build', pkg, input, '--no-tables']),
    stores: store,
    cache: 'cache',
  }
  const all: Record<StepName, Step> = {
    build,
    again: build,
    changed: build,
    export: {
      command: quiltCommand(program, place, store, ['export', pkg, out]),
      restores: out,
      drops: [out],
    },
    push: {
      command: quiltCommand(program, place, store, ['push', pkg, '--remote', url]),
      stores: remote,
      drops: [store],
    },
    install: {
      command: quiltCommand(program, place, other, ['install', pkg, '--remote', url]),
      stores: other,
      cache: 'cache',
      drops: [other, remote],
    },
  }
  const verbOf = (name: string): string => (name === 'again' || name === 'changed' ? 'build' : name)
  const steps = Object.entries(all).filter(
    ([name]) =>
      commands.has('build') && commands.has(verbOf(name)) && (name !== 'install' || commands.has('push')),
  )
  return { setup: [], folders: [], steps: Object.fromEntries(steps) }
}
