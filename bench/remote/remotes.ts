// What is measured on a remote, on a loopback S3 server: R1 to R4. (R5 is in bench/library.)
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Row } from '../compare.ts'
import { workloads } from '../workload.ts'
import { measureBulk } from './bulk.ts'
import { type RemoteParts } from './parts.ts'
import { noServer, serverVersion } from './server.ts'
import { delay, measureSmall } from './small.ts'

interface RemoteWorkload {
  readonly name: string
  /** `of` is the title of the data. */
  readonly title: (of: string) => string
  readonly data: 'W1' | 'W2'
  readonly steps: readonly Row['step'][]
}

/** All of them, in their order. */
export const remoteWorkloads: readonly RemoteWorkload[] = [
  {
    name: 'R1',
    title: (of) => `W2 (${of}) pushed to S3, and installed from it into an empty store`,
    data: 'W2',
    steps: ['push', 'install'],
  },
  {
    name: 'R2',
    title: (of) => `W1 (${of}) pushed to S3, and installed from it into an empty store`,
    data: 'W1',
    steps: ['push', 'install'],
  },
  {
    name: 'R3',
    title: () => `one file changed in W2, built, and pushed at ${String(delay)} ms of delay for each request`,
    data: 'W2',
    steps: ['push'],
  },
  {
    name: 'R4',
    title: () => `one file of W2 installed by its path into an empty store, at the same delay`,
    data: 'W2',
    steps: ['install'],
  },
]

/** Whether a workload is one of these. */
export function isRemote(name: string): boolean {
  return remoteWorkloads.some((one) => one.name === name)
}

/** How it is described to the reader. */
export function remoteTitle(name: string, scale: number, home: string): string {
  const remote = remoteWorkloads.find((one) => one.name === name)
  const data = workloads(scale, home).find((one) => one.name === remote?.data)
  return remote?.title(data?.title ?? '') ?? name
}

/**
 * Measures those that are asked for, each kind in a folder of its own below `parts.folder`; where there is no server
 * the rows say so.
 */
export async function measureRemotes(names: readonly string[], parts: RemoteParts): Promise<readonly Row[]> {
  const isSmall = (name: string): boolean => name === 'R3' || name === 'R4'
  const small = names.filter(isSmall)
  const groups = [...names.filter((name) => !isSmall(name)).map((name) => [name]), small]
  const rows: Row[] = []
  for (const group of groups) {
    const folder = join(parts.folder, group.join('-'))
    const note = (some: readonly Row[]): void => parts.note?.([...rows, ...some])
    if (group.length > 0) rows.push(...(await measureGroup(group, { ...parts, folder, note })))
  }
  return rows
}

async function measureGroup(names: readonly string[], parts: RemoteParts): Promise<readonly Row[]> {
  const empty = (problem: string): readonly Row[] =>
    remoteWorkloads
      .filter(({ name }) => names.includes(name))
      .flatMap(({ name, steps }) =>
        steps.map((step) => ({ workload: name, step, tool: 'quilt', samples: [], problem })),
      )
  if (serverVersion() === undefined) return empty(noServer)
  mkdirSync(parts.folder, { recursive: true })
  try {
    return await (names[0] === 'R1' || names[0] === 'R2'
      ? measureBulk(names[0], parts)
      : measureSmall(names, parts))
  } catch (error) {
    if (!(error instanceof Error) || error.name === 'AbortError') throw error
    parts.say(`${names.join(', ')} FAILED: ${error.message}`)
    return empty(error.message)
  } finally {
    if (!parts.keep) rmSync(parts.folder, { recursive: true, force: true })
  }
}
