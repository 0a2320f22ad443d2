// R1 and R2: W2 and W1 pushed to a bucket and installed from it, beside restic and rclone.
import { join } from 'node:path'
import { compare, type Row } from '../compare.ts'
import { type Tool } from '../tool.ts'
import { workloads, type Workload } from '../workload.ts'
import { type RemoteParts } from './parts.ts'
import { openLine, type Traffic } from './proxy.ts'
import { withServers } from './server.ts'
import { quickRclone, remoteTools } from './tools.ts'

/** Which data, and against whom. */
interface Bulk {
  readonly data: string
  readonly against: readonly string[]
  /** Those that take so long that one run must do. */
  readonly once?: readonly string[]
  /** Those whose requests are counted: the others make one or more for each file. */
  readonly counted: readonly string[]
}

const bulks: Readonly<Record<string, Bulk>> = {
  R1: {
    data: 'W2',
    against: ['quilt', 'restic', 'restic, from files', 'rclone', quickRclone],
    once: ['rclone'],
    counted: ['quilt', 'restic', 'restic, from files'],
  },
  R2: { data: 'W1', against: ['quilt', 'rclone'], counted: ['quilt', 'rclone'] },
}

/** Measures one of them: times on the server itself, requests and bytes in a run of their own. */
export async function measureBulk(name: string, parts: RemoteParts): Promise<readonly Row[]> {
  const { home, scale } = parts
  const { data, against, counted, once } = bulks[name] as Bulk
  const found = workloads(scale, home).find((one) => one.name === data) as Workload
  const { change: _change, ...base } = found
  const workload: Workload = { ...base, name, steps: ['build', 'push', 'install'] }
  let endpoint = ''
  const tools = remoteTools(home, () => endpoint, parts.peers)
    .filter(({ name: one }) => against.includes(one))
    .map((tool) => (once?.includes(tool.name) === true ? { ...tool, runs: 1 } : tool))
  const timed = await withServers(parts, async (next) => {
    const prepare = async (): Promise<undefined> => void (endpoint = (await next()).endpoint)
    const note = (rows: readonly Row[]): void => parts.note?.(withoutBuild(rows))
    return compare(workload, { ...parts, tools, prepare, note })
  })
  const some = tools.filter(({ name: one }) => counted.includes(one))
  const traffic = await count(workload, some, parts, (to) => (endpoint = to))
  return withoutBuild(timed).map((row) => withTraffic(row, traffic))
}

/** Building is W1 and W2; but where it fails the steps behind it say so. */
function withoutBuild(rows: readonly Row[]): readonly Row[] {
  return rows
    .filter(({ step }) => step !== 'build')
    .map((row) => {
      const built = rows.find(({ step, tool }) => step === 'build' && tool === row.tool)
      const problem = row.problem ?? built?.problem
      return problem === undefined ? row : { ...row, problem }
    })
}

/** One run through the line: its times are not kept. */
async function count(
  workload: Workload,
  tools: readonly Tool[],
  parts: RemoteParts,
  point: (to: string) => void,
): Promise<readonly Row[]> {
  parts.say(`${workload.name}: counting requests, in a run through the proxy`)
  return withServers(parts, async (next) => {
    const line = await openLine((await next()).endpoint)
    point(line.url)
    try {
      return await compare(workload, {
        ...parts,
        folder: join(parts.folder, 'counted'),
        note: () => undefined,
        runs: 1,
        keep: false,
        tools,
        prepare: () => Promise.resolve(line),
      })
    } finally {
      await line.close()
    }
  })
}

function withTraffic(row: Row, counted: readonly Row[]): Row {
  const same = counted.find(({ step, tool }) => step === row.step && tool === row.tool)
  const traffic: Traffic | undefined = same?.samples[0]?.traffic
  const { problem = same?.problem } = row
  return {
    ...row,
    samples: traffic === undefined ? row.samples : row.samples.map((sample) => ({ ...sample, traffic })),
    ...(problem === undefined ? {} : { problem }),
  }
}
