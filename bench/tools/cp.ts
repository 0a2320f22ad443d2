// cp as a peer: the floor under what writing the bytes can cost.
import { join } from 'node:path'
import { type Place, type Plan, type Tool } from '../tool.ts'

/** cp, and a sync after the copy that counts as a build. */
export const cp: Tool = {
  name: 'cp',
  version: ['cp', '--version'],
  mapping: {
    build: '`cp -r … && sync -f …`',
    export: '`cp -r` back, without a sync',
  },
  remarks: 'The copy that stands for a build is followed by a sync of its file system, within the timing.',
  plan,
}

function plan({ input, root, env }: Place): Plan {
  const store = join(root, 'store')
  const out = join(root, 'out')
  return {
    setup: [],
    folders: [],
    steps: {
      build: {
        command: {
          argv: ['sh', '-c', 'cp -r "$1" "$2" && sync -f "$2"', 'cp', input, store],
          cwd: root,
          env,
        },
        stores: store,
      },
      export: {
        command: { argv: ['cp', '-r', store, out], cwd: root, env },
        drops: [out, store],
      },
    },
  }
}
