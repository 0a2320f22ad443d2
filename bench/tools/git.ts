// git as a peer: its folder lies outside the input, and what would run on in the background is off.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Command, type Place, type Plan, type Tool } from '../tool.ts'

/** git, with loose objects as by default. */
export const git: Tool = {
  name: 'git',
  version: ['git', '--version'],
  mapping: {
    build: '`git add -A && git commit`',
    again: '`git status`',
    changed: '`git add -A && git commit`',
    export: '`git checkout -f main` into an empty work tree, without an index',
    push: '`git push file:///…` to an empty bare repository',
    install: '`git clone --bare file:///…`',
  },
  remarks:
    'The repository lies outside the work tree. `gc.auto` is 0: else a gc goes on in the background and weighs on the next rows. ' +
    'git does not sync loose objects by default; restic and borg sync what they store (seen by strace).',
  plan,
}

function plan({ input, root, env: base }: Place): Plan {
  const store = join(root, 'store.git')
  const remote = join(root, 'remote.git')
  const clone = join(root, 'clone.git')
  const out = join(root, 'out')
  const config = { 'user.name': 'Bench', 'user.email': 'bench@example.com', 'gc.auto': '0' }
  const settings = { ...config, 'receive.autogc': 'false', 'maintenance.auto': 'false' }
  const env: Record<string, string> = {
    ...base,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_COUNT: String(Object.keys(settings).length),
  }
  for (const [index, [key, value]] of Object.entries(settings).entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = key
    env[`GIT_CONFIG_VALUE_${index}`] = value
  }
  const inside = { ...env, GIT_DIR: store, GIT_WORK_TREE: input }
  const commit: Command = {
    argv: ['sh', '-c', 'git add -A && git commit -q -m bench'],
    cwd: input,
    env: inside,
  }
  const init = (folder: string): Command => ({
    argv: ['git', 'init', '-q', '--bare', '--template=', '-b', 'main', folder],
    cwd: root,
    env,
  })
  const url = pathToFileURL(remote).href
  return {
    setup: [init(store), init(remote)],
    folders: [out],
    steps: {
      build: { command: commit, stores: store },
      again: {
        command: { argv: ['git', 'status', '--porcelain'], cwd: input, env: inside },
        stores: store,
      },
      changed: { command: commit, stores: store },
      export: {
        command: {
          argv: ['git', 'checkout', '-q', '-f', 'main'],
          cwd: out,
          env: { ...inside, GIT_WORK_TREE: out, GIT_INDEX_FILE: join(root, 'export.index') },
        },
        restores: out,
        drops: [out],
      },
      push: {
        command: { argv: ['git', 'push', '-q', url, 'main'], cwd: input, env: inside },
        stores: remote,
        drops: [store],
      },
      install: {
        command: { argv: ['git', 'clone', '-q', '--bare', '--template=', url, clone], cwd: root, env },
        stores: clone,
        drops: [clone, remote],
      },
    },
  }
}
