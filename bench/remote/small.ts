// R3 and R4: what a small change, and a small part, cost on a line with delay: requests, bytes and time.
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Row, type Sample } from '../compare.ts'
import { environment } from '../environment.ts'
import { difference } from '../folder.ts'
import { pkg } from '../tools/quilt.ts'
import { type Command } from '../tool.ts'
import { workloads, type Workload } from '../workload.ts'
import { type RemoteParts } from './parts.ts'
import { openLine, type Line } from './proxy.ts'
import { withServers } from './server.ts'
import { address, quiltAt } from './tools.ts'

/** Milliseconds that each request waits. */
export const delay = 50

/** W2 on a remote, and its two ways there: straight, and along the line. */
interface Scene {
  readonly parts: RemoteParts
  readonly input: string
  readonly root: string
  readonly store: string
  readonly workload: Workload
  readonly straight: (store: string, ...argv: readonly string[]) => Command
  readonly delayed: (store: string, ...argv: readonly string[]) => Command
  readonly line: Line
}

/** Measures those of the two that are asked for, on one server: first what changes nothing there. */
export async function measureSmall(names: readonly string[], parts: RemoteParts): Promise<readonly Row[]> {
  const rows: Row[] = []
  await withServers(parts, async (next) => {
    const { endpoint } = await next()
    const line = await openLine(endpoint, { delay })
    try {
      const scene = await setUp(parts, endpoint, line)
      if (names.includes('R4')) rows.push(await rowOf('R4', 'install', () => installOne(scene)))
      parts.note?.(rows)
      if (names.includes('R3')) rows.unshift(await rowOf('R3', 'push', () => pushChanges(scene)))
    } finally {
      await line.close()
    }
  })
  return rows
}

async function rowOf(
  workload: string,
  step: Row['step'],
  measure: () => Promise<readonly Sample[]>,
): Promise<Row> {
  const row: Row = { workload, step, tool: 'quilt', samples: [] }
  try {
    return { ...row, samples: await measure() }
  } catch (error) {
    if (!(error instanceof Error) || error.name === 'AbortError') throw error
    return { ...row, problem: error.message }
  }
}

/** W2 made, built and pushed. */
async function setUp(parts: RemoteParts, endpoint: string, line: Line): Promise<Scene> {
  const { home, folder, path, scale, meter, say } = parts
  const workload = workloads(scale, home).find((one) => one.name === 'W2') as Workload
  const [input, root] = [join(folder, 'input'), join(folder, 'quilt')]
  for (const made of [input, root]) mkdirSync(made, { recursive: true })
  say(`R3, R4: making ${workload.title}, and pushing it`)
  workload.make(input)
  const place = { input, root, versions: 1, env: environment(root, path) }
  const straight = quiltAt(endpoint, home, place)
  const store = join(root, 'store')
  await meter.run(straight(store, 'build', pkg, input, '--no-tables'))
  await meter.run(straight(store, 'push', pkg, '--remote', address))
  const delayed = quiltAt(line.url, home, place)
  return { parts, input, root, store, workload, straight, delayed, line }
}

/** R3: each change is built and pushed upon the one before; in the end all of it must be on the remote. */
async function pushChanges(scene: Scene): Promise<readonly Sample[]> {
  const { parts, input, root, store, workload, straight, delayed } = scene
  const samples: Sample[] = []
  for (let run = 0; run < parts.runs; run++) {
    workload.change?.(input, run + 1)
    await parts.meter.run(straight(store, 'build', pkg, input, '--no-tables'))
    samples.push(await alongTheLine(scene, 'R3', run, delayed(store, 'push', pkg, '--remote', address)))
  }
  const [other, out] = [join(root, 'other'), join(root, 'out')]
  await parts.meter.run(straight(other, 'install', pkg, '--remote', address))
  await parts.meter.run(straight(other, 'export', pkg, out))
  const path = difference(input, out)
  if (path !== undefined) throw new Error(`the changes are not all on the remote: ${path}`)
  return samples
}

/** R4: one file into a store that has nothing; it must have the bytes of the input. */
async function installOne(scene: Scene): Promise<readonly Sample[]> {
  const { parts, input, root, straight, delayed } = scene
  const samples: Sample[] = []
  for (let run = 0; run < parts.runs; run++) {
    const [store, out, wanted] = ['one', 'out', 'wanted'].map((name) => join(root, name)) as [
      string,
      string,
      string,
    ]
    const path = middleFile(input)
    const command = delayed(store, 'install', `${pkg}/${path}`, '--remote', address)
    samples.push(await alongTheLine(scene, 'R4', run, command))
    await parts.meter.run(straight(store, 'export', `${pkg}/${path}`, out))
    cpSync(join(input, path), join(wanted, path))
    const other = difference(wanted, out)
    if (other !== undefined) throw new Error(`did not bring the same bytes: ${other}`)
    for (const folder of [store, out, wanted]) rmSync(folder, { recursive: true, force: true })
  }
  return samples
}

/** A file of a folder in the middle. */
function middleFile(input: string): string {
  const folders = readdirSync(input).sort()
  const folder = folders[Math.floor(folders.length / 2)] ?? ''
  const files = readdirSync(join(input, folder)).sort()
  return `${folder}/${files[Math.floor(files.length / 2)] ?? ''}`
}

async function alongTheLine(
  { parts, line }: Scene,
  name: string,
  run: number,
  command: Command,
): Promise<Sample> {
  line.reset()
  const measure = await parts.meter.run(command)
  const traffic = line.traffic()
  if (parts.keep) {
    const asked = line.requests().map(({ method, url, headers, status, sent, received }) => {
      return { method, url, range: headers['range'], status, sent, received }
    })
    const log = join(parts.folder, `${name}-${String(run + 1)}.json`)
    writeFileSync(log, `${asked.map((one) => JSON.stringify(one)).join('\n')}\n`)
  }
  const much = `${String(traffic.requests)} requests, ${String(traffic.sent + traffic.received)} bytes`
  parts.say(`${name} run ${run + 1}/${parts.runs}: ${measure.wall.toFixed(2)} s, ${much}`)
  return { ...measure, traffic }
}
