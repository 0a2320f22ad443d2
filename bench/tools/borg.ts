// borg as a peer: unencrypted, as ours is. It has no push and no install.
import { join } from 'node:path'
import { type Command, type Place, type Plan, type Tool } from '../tool.ts'

/** borg, without encryption. */
export const borg: Tool = {
  name: 'borg',
  version: ['borg', '--version'],
  mapping: {
    build: '`borg create`',
    again: '`borg create` of a second archive',
    changed: '`borg create` of a further archive',
    export: '`borg extract`',
  },
  remarks:
    '`borg init --encryption none` is outside the timing; compression is the default (lz4). Its cache (not counted) is in the work folder.',
  plan,
}

function plan({ input, root, versions, env: base }: Place): Plan {
  const store = join(root, 'store')
  const out = join(root, 'out')
  const env = {
    ...base,
    BORG_BASE_DIR: join(root, 'base'),
    BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
    BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
  }
  const at = (cwd: string, ...argv: readonly string[]): Command => ({ argv: ['borg', ...argv], cwd, env })
  const create = (archive: string) => ({
    command: at(input, 'create', `${store}::${archive}`, '.'),
    stores: store,
  })
  return {
    changed: (version) => create(`version-${String(version)}`),
    setup: [at(root, 'init', '--encryption', 'none', store)],
    folders: [out],
    steps: {
      build: create('first'),
      again: create('second'),
      changed: create('version-1'),
      export: {
        command: at(out, 'extract', `${store}::${versions > 0 ? `version-${String(versions)}` : 'second'}`),
        restores: out,
        drops: [out, store],
      },
    },
  }
}
