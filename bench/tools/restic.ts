// restic as a peer: repositories are made outside the timing; it always encrypts.
import { join } from 'node:path'
import { type Command, type Place, type Plan, type Tool } from '../tool.ts'

/** restic, as it comes. */
export const restic: Tool = {
  name: 'restic',
  version: ['restic', 'version'],
  mapping: {
    build: '`restic backup .`',
    again: '`restic backup .`',
    changed: '`restic backup .`',
    export: '`restic restore latest --target …`',
    push: '`restic copy latest` to a second repository',
    install: '`restic copy latest` from the second to a third',
  },
  remarks:
    '`restic init` is outside the timing; compression is the default. It encrypts, and derives its key anew at each start; the others do neither. ' +
    'Its cache (not counted) is in the work folder.',
  plan,
}

function plan(place: Place): Plan {
  return resticPlan(place, join(place.root, 'remote'))
}

/** What restic does, with its second repository at `remote`: a folder, or what restic calls a bucket. */
export function resticPlan({ input, root, env: base }: Place, remote: string): Plan {
  const store = join(root, 'store')
  const other = join(root, 'other')
  const out = join(root, 'out')
  const env = {
    ...base,
    RESTIC_PASSWORD: 'bench',
    RESTIC_FROM_PASSWORD: 'bench',
    RESTIC_CACHE_DIR: join(root, 'cache'),
  }
  const on = (repository: string, ...argv: readonly string[]): Command => ({
    argv: ['restic', '--quiet', '--repo', repository, ...argv],
    cwd: input,
    env,
  })
  const like = ['--copy-chunker-params', '--from-repo', store]
  const backup = { command: on(store, 'backup', '.'), stores: store }
  return {
    setup: [on(store, 'init'), on(remote, 'init', ...like), on(other, 'init', ...like)],
    folders: [],
    steps: {
      build: backup,
      again: backup,
      changed: backup,
      export: {
        command: on(store, 'restore', 'latest', '--target', out),
        restores: out,
        drops: [out],
      },
      push: { command: on(remote, 'copy', '--from-repo', store, 'latest'), stores: remote, drops: [store] },
      install: {
        command: on(other, 'copy', '--from-repo', remote, 'latest'),
        stores: other,
        drops: [other, remote],
      },
    },
  }
}
