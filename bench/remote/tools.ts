// Ours and the peers with a bucket as their remote, as data: what is pushed, and how it comes back.
import { join } from 'node:path'
import { type Command, type Place, type Plan, type Tool } from '../tool.ts'
import { pkg, quilt, quiltCommand } from '../tools/quilt.ts'
import { restic, resticPlan } from '../tools/restic.ts'
import { bucket, keys } from './server.ts'

/** Where the server is just now: it is another one in each run, or the line to it. */
export type Endpoint = () => string

/** The address of our remote: the same whichever way the server is reached. */
export const address = `s3://${bucket}/quilt`

/** rclone with the flags that suit many small files: the one to be compared with there. */
export const quickRclone = 'rclone, set for it'

/** Our command line on a store, with all that it needs to reach the bucket. */
export function quiltAt(endpoint: string, home: string, place: Place) {
  const env = { ...place.env, ...credentials, AWS_ENDPOINT_URL: endpoint }
  const program = join(home, 'bin', 'run.js')
  return (store: string, ...argv: readonly string[]): Command =>
    quiltCommand(program, { ...place, env }, store, argv)
}

/** All that are compared, ours first. `peers` are the names of those that take part. */
export function remoteTools(home: string, endpoint: Endpoint, peers: readonly string[]): readonly Tool[] {
  const others = [resticCopy(endpoint), resticStraight(endpoint), rclone(endpoint), manyTransfers(endpoint)]
  return [
    quiltToBucket(home, endpoint),
    ...others.filter(({ version: [program] }) => peers.includes(program)),
  ]
}

const credentials = { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey }

function quiltToBucket(home: string, endpoint: Endpoint): Tool {
  const local = quilt(home)
  return {
    ...local,
    mapping: {
      push: '`quilt push PKG --remote s3://…`',
      install: '`quilt install PKG --remote s3://…` into an empty store',
    },
    remarks: 'As above; the first push makes the remote, and tries out whether its server keeps its word.',
    plan(place) {
      const on = quiltAt(endpoint(), home, place)
      const [store, other] = [join(place.root, 'store'), join(place.root, 'other')]
      const plan = local.plan(place)
      const { build, install } = plan.steps
      if (build === undefined || install === undefined) return { ...plan, steps: {} }
      const push = { command: on(store, 'push', pkg, '--remote', address), drops: [store] }
      const back = on(other, 'install', pkg, '--remote', address)
      return { ...plan, steps: { build, push, install: { ...install, command: back, drops: [other] } } }
    },
  }
}

function resticCopy(endpoint: Endpoint): Tool {
  return {
    ...restic,
    mapping: {
      push: '`restic copy latest` to `s3:http://…`',
      install: '`restic copy latest` from there to a third repository',
    },
    remarks: '`restic init` is outside the timing, on the server too.',
    plan(place) {
      const env = { ...place.env, ...credentials }
      const plan = resticPlan({ ...place, env }, `s3:${endpoint()}/${bucket}/restic`)
      const { build, push, install } = plan.steps
      if (build === undefined || push === undefined || install === undefined) throw new Error('restic copies')
      const steps = {
        build,
        push: { command: push.command, drops: push.drops ?? [] },
        install: { ...install, drops: [join(place.root, 'other')] },
      }
      return { ...plan, steps }
    },
  }
}

function resticStraight(endpoint: Endpoint): Tool {
  return {
    ...restic,
    name: 'restic, from files',
    mapping: {
      push: '`restic backup .` to `s3:http://…`',
      install: '`restic restore latest --target …` from there',
    },
    remarks:
      'It reads and writes the files themselves, which the two before do not: for comparison, no target.',
    plan(place) {
      const out = join(place.root, 'out')
      const env = {
        ...place.env,
        ...credentials,
        RESTIC_PASSWORD: 'bench',
        RESTIC_CACHE_DIR: join(place.root, 'cache'),
      }
      const repository = `s3:${endpoint()}/${bucket}/straight`
      const on = (...argv: readonly string[]): Command => ({
        argv: ['restic', '--quiet', '--repo', repository, ...argv],
        cwd: place.input,
        env,
      })
      return {
        setup: [on('init')],
        folders: [],
        steps: {
          push: { command: on('backup', '.') },
          install: { command: on('restore', 'latest', '--target', out), restores: out, drops: [out] },
        },
      }
    },
  }
}

/** rclone as it comes: four transfers at a time. */
export function rclone(endpoint: Endpoint): Tool {
  return {
    name: 'rclone',
    version: ['rclone', 'version'],
    mapping: { push: '`rclone copy DIR s3:…`', install: '`rclone copy s3:… DIR`' },
    remarks:
      'The files as they are, one object each, with its own settings: four transfers at a time. Of R1 it has but one run.',
    plan: (place) => rclonePlan(place, endpoint(), 'rclone', []),
  }
}

/** Set for many small files: nothing is asked that a copy to an empty place need not ask. */
const flags = [
  '--transfers=32',
  '--checkers=32',
  '--no-traverse',
  '--no-check-dest',
  '--no-update-modtime',
  '--s3-no-head',
  '--s3-no-head-object',
  '--s3-no-check-bucket',
]

function manyTransfers(endpoint: Endpoint): Tool {
  return {
    name: quickRclone,
    version: ['rclone', 'version'],
    mapping: { push: '`rclone copy … DIR s3:…`', install: '`rclone copy … s3:… DIR`' },
    remarks: `With \`${flags.join(' ')}\`: the quickest of what was tried. Targets are against this one.`,
    plan: (place) => rclonePlan(place, endpoint(), 'rclone-set', flags),
  }
}

function rclonePlan(
  { input, root, env: base }: Place,
  endpoint: string,
  prefix: string,
  more: readonly string[],
): Plan {
  const out = join(root, 'out')
  const env = {
    ...base,
    RCLONE_CONFIG_BENCH_TYPE: 's3',
    RCLONE_CONFIG_BENCH_PROVIDER: 'Ceph',
    RCLONE_CONFIG_BENCH_ACCESS_KEY_ID: keys.accessKeyId,
    RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY: keys.secretAccessKey,
    RCLONE_CONFIG_BENCH_ENDPOINT: endpoint,
  }
  const there = `bench:${bucket}/${prefix}`
  const copy = (from: string, to: string): Command => ({
    argv: ['rclone', 'copy', '--quiet', ...more, from, to],
    cwd: root,
    env,
  })
  return {
    setup: [],
    folders: [],
    steps: {
      push: { command: copy(input, there) },
      install: { command: copy(there, out), restores: out, drops: [out] },
    },
  }
}
