// The benchmark: `npm run bench`. Makes the workloads, runs ours and the peers, and writes the table.
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { compare, type Row } from './compare.ts'
import { libraryTitle, libraryWorkloads, measureLibrary, type FigureRow } from './library/figures.ts'
import { describeMachine, touchMemory, versionOf } from './machine.ts'
import { createMeter } from './measure.ts'
import { parseOptions, usageText, type Options } from './options.ts'
import { isRemote, measureRemotes, remoteTitle, remoteWorkloads } from './remote/remotes.ts'
import { noServer, serverVersion } from './remote/server.ts'
import { rclone, remoteTools } from './remote/tools.ts'
import { renderReport, type Results } from './report.ts'
import { mergeRuns, rawBeside, readRuns, setAside, writeRuns } from './runs.ts'
import { notBuilt, startUp } from './start-up.ts'
import { type Tool } from './tool.ts'
import { borg } from './tools/borg.ts'
import { cp } from './tools/cp.ts'
import { duckdb } from './tools/duckdb.ts'
import { git } from './tools/git.ts'
import { builtCommands, isStale, quilt } from './tools/quilt.ts'
import { quiltTables } from './tools/quilt-tables.ts'
import { restic } from './tools/restic.ts'
import { workloads } from './workload.ts'

/** Bytes at full scale, where repositories go as soon as no step needs them, and where they are kept. */
const space = { passing: 35e9, kept: 70e9 }
const packages = 100
const startsEachRun = 7

// Bundled elsewhere by scripts/run-ts.js, which leaves the source's own path here.
const home = dirname(dirname(resolve(process.argv[1] ?? 'bench/run.ts')))
const ours: readonly Tool[] = [quilt(home), quiltTables(home)]
const localPeers: readonly Tool[] = [git, restic, borg, cp, duckdb(home)]
const peers: readonly Tool[] = [...localPeers, rclone(() => '')]

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

function needSpace(folder: string, { scale, keep }: Options): void {
  const { bavail, bsize } = statfsSync(folder)
  const wanted = (keep ? space.kept : space.passing) * scale + 50e6
  if (bavail * bsize < wanted) {
    const [free, needed] = [bavail * bsize, wanted].map((bytes) => `${(bytes / 1e9).toFixed(1)} GB`)
    throw new Error(
      `${folder} has ${free} free, and this needs ${needed}: choose another with --work, or a --scale`,
    )
  }
}

/** Measures what is asked for, and tells `keep` all that there is after each step. */
async function bench(
  options: Options,
  folder: string,
  { signal, keep: keepSoFar }: { readonly signal: AbortSignal; keep(soFar: Results): void },
): Promise<Results> {
  const { runs, scale, only, keep } = options
  const others = peers.filter(({ name }) => options.peers.includes(name))
  const all = [...ours, ...others].map((tool) => ({ tool, version: versionOf(tool) }))
  if (all[0]?.version === undefined) throw new Error('quilt does not start: run npm run build')
  const commands = builtCommands(home)
  if (!commands.has('build')) say('warning: quilt has no command "build" yet: its rows stay empty')
  if (isStale(home)) say('warning: a source is newer than dist: run npm run build to measure it')
  const server = only.some(isRemote) ? serverVersion() : undefined
  const present = all.filter(({ version }) => version !== undefined)
  const tools = present.map(({ tool }) => tool).filter(({ name }) => name !== 'rclone')
  const path = process.env['PATH'] ?? '/usr/bin:/bin'
  const meter = createMeter(folder, signal)
  const machine = describeMachine(folder)
  if (scale >= 0.5) say(`touched ${(touchMemory() / 1e9).toFixed(1)} GB of memory`)
  const isAsked = (name: string): boolean =>
    only.some((part) => name === part || name.replace(/[ab]$/, '') === part)
  const chosen = workloads(scale, home).filter(({ name }) => isAsked(name))
  const asked = libraryWorkloads.map(({ name }) => name).filter(isAsked)
  const remotes = remoteWorkloads.map(({ name }) => name).filter(isAsked)
  let results: Results = {
    machine,
    memory: meter.memory,
    runs,
    scale,
    workloads: [
      ...chosen.map(({ name, title }) => ({ name, title })),
      ...asked.map((name) => ({ name, title: libraryTitle(name, scale) })),
      ...remotes.map((name) => ({ name, title: remoteTitle(name, scale, home) })),
    ],
    ...(server === undefined ? {} : { server }),
    versions: Object.fromEntries(present.map(({ tool, version }) => [tool.name, version ?? ''])),
    missing: all.filter(({ version }) => version === undefined).map(({ tool }) => tool.name),
    rows: [],
    figures: [],
    starts: [],
  }
  const { rows, figures } = results
  const found = { rows, figures }
  const note = (more: Partial<Results>): void => {
    results = { ...results, ...more }
    keepSoFar(results)
  }
  const noteRows = (some: readonly Row[]): void => note({ rows: [...found.rows, ...some] })
  const settle = (): void => void Object.assign(found, { rows: results.rows, figures: results.figures })
  for (const workload of chosen) {
    const place = join(folder, workload.name)
    const comparison = { tools, runs, folder: place, path, keep, meter, say, note: noteRows }
    noteRows(await compare(workload, comparison))
    settle()
  }
  for (const name of asked) {
    const noteFigures = (some: readonly FigureRow[]): void => note({ figures: [...found.figures, ...some] })
    const parts = { home, folder: join(folder, name), runs, scale, keep, signal, say, note: noteFigures }
    noteFigures(await measureLibrary(name, parts))
    settle()
  }
  const here = present.map(({ tool }) => tool.name)
  const parts = { home, folder, path, runs, scale, keep, peers: here, meter, signal, say, note: noteRows }
  if (remotes.length > 0) noteRows(await measureRemotes(remotes, parts))
  if (only.includes('start')) {
    const starts = await startUp({
      program: join(home, 'bin', 'run.js'),
      commands,
      packages: Math.max(3, Math.round(packages * Math.min(1, scale * 5))),
      starts: runs * startsEachRun,
      folder: join(folder, 'start'),
      path,
      meter,
      say,
    })
    note({ starts })
  }
  return results
}

/** True for tools that are here and, where they take part in one workload only, took part. */
function takesPart(results: readonly Results[]): (tool: Tool) => boolean {
  return ({ name, onlyAsked }) =>
    results.some(
      ({ versions, rows }) =>
        versions[name] !== undefined && (onlyAsked !== true || rows.some(({ tool }) => tool === name)),
    )
}

async function main(options: Options): Promise<void> {
  const { merge, scale, out } = options
  const work = resolve(options.work)
  const before = merge === undefined ? [] : readRuns(merge, scale)
  const file = join(work, 'results.json')
  mkdirSync(work, { recursive: true })
  const all = options.only.length === 0 ? before : await measure(options, { work, file, before })
  if (all.length === 0)
    throw new Error('there is nothing to write: name workloads, or --merge a results.json')
  const page = renderReport(all, {
    local: [...ours, ...localPeers].filter(takesPart(all)),
    remote: remoteTools(home, () => '', [...new Set(all.flatMap(({ versions }) => Object.keys(versions)))]),
  })
  mkdirSync(dirname(resolve(out)), { recursive: true })
  writeFileSync(out, page)
  writeRuns(rawBeside(out), all)
  process.stdout.write(page)
  const troubles = all
    .flatMap(({ rows, figures, starts }) => [...rows, ...figures, ...starts])
    .filter(({ problem }) => problem !== undefined)
  if (troubles.some(({ problem }) => problem !== notBuilt && problem !== noServer)) process.exitCode = 1
}

interface Files {
  readonly work: string
  /** Where results are kept. */
  readonly file: string
  /** The runs that are merged. */
  readonly before: readonly Results[]
}

/** All runs, the new one first; `file` holds them whenever something was measured. */
async function measure(options: Options, { work, file, before }: Files): Promise<readonly Results[]> {
  const folder = join(work, `data-${process.pid}`) // another benchmark may run beside this one
  mkdirSync(folder, { recursive: true })
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort())
  let isKept = false
  const keep = (soFar: Results): void => {
    if (!isKept && before.length === 0) setAside(file)
    isKept = true
    writeRuns(file, mergeRuns(soFar, before))
  }
  try {
    needSpace(folder, options)
    return mergeRuns(await bench(options, folder, { signal: stop.signal, keep }), before)
  } catch (error) {
    if (isKept) say(`what was measured is in ${file}: --only none --merge ${file} writes its page`)
    throw error
  } finally {
    if (!options.keep || stop.signal.aborted) rmSync(folder, { recursive: true, force: true })
    else say(`kept: ${folder}`)
  }
}

try {
  const options = parseOptions(
    process.argv.slice(2),
    peers.map(({ name }) => name),
  )
  if (options === 'help') process.stdout.write(`${usageText}\n`)
  else await main(options)
} catch (error) {
  say(`error: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = error instanceof Error && error.name === 'AbortError' ? 130 : 2
}
