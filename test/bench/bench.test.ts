// The benchmark, run whole at a tiny scale: it must work before its figures can mean anything.
import { spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { versionOf } from '../../bench/machine.ts'
import { type Results } from '../../bench/report.ts'
import { readRuns } from '../../bench/runs.ts'
import { borg } from '../../bench/tools/borg.ts'
import { cp } from '../../bench/tools/cp.ts'
import { git } from '../../bench/tools/git.ts'
import { builtCommands } from '../../bench/tools/quilt.ts'
import { restic } from '../../bench/tools/restic.ts'
import { tempDir } from '../support/temp-dir.ts'

const home = fileURLToPath(new URL('../..', import.meta.url))

interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function bench(
  argv: readonly string[],
  watch?: (said: string, stop: (signal: NodeJS.Signals) => void) => void,
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['scripts/run-ts.js', 'bench/run.ts', ...argv], { cwd: home })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      watch?.(stderr, (signal) => child.kill(signal))
    })
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, stdout, stderr }))
  })
}

async function quickTry(...argv: readonly string[]): Promise<{ results: Results; page: string; ran: Ran }> {
  const work = tempDir()
  const out = join(work, 'page.md')
  const ran = await bench([...argv, '--scale', '0.0002', '--runs', '1', '--work', work, '--out', out])
  expect(ran.stderr).not.toContain('FAILED')
  expect(ran.status, ran.stderr).toBe(0)
  const [results] = readRuns(join(work, 'results.json'), 0.0002) as [Results]
  expect(readdirSync(work).sort()).toEqual(['page.json', 'page.md', 'results.json'])
  expect(readRuns(join(work, 'page.json'), 0.0002)).toEqual([results])
  return { results, page: readFileSync(out, 'utf8'), ran }
}

const samplesOf = (
  results: Results,
  tool: string,
  workload: string,
): readonly (readonly [string, number])[] =>
  results.rows
    .filter((row) => row.tool === tool && row.workload === workload && row.samples.length > 0)
    .map(({ step, samples }) => [step, samples.length])

describe('the benchmark, at a tiny scale', () => {
  test('measures every step of ours and of the peers that are here, and writes the page', async () => {
    const { results, page, ran } = await quickTry('--peers', 'git,restic,borg,cp', '--only', 'W1,W2,start')
    for (const tool of [git, restic, borg, cp]) {
      if (versionOf(tool) === undefined) {
        expect(results.missing).toContain(tool.name)
        continue
      }
      const steps = Object.keys(tool.mapping).map((step) => [step, 1])
      expect(samplesOf(results, tool.name, 'W2')).toEqual(steps)
      expect(samplesOf(results, tool.name, 'W1')).toEqual(steps.filter(([step]) => step !== 'changed'))
    }
    const commands = builtCommands(home)
    if (['build', 'export', 'push', 'install', 'ls'].every((name) => commands.has(name))) {
      expect(samplesOf(results, 'quilt', 'W2')).toHaveLength(6)
      expect(samplesOf(results, 'quilt', 'W1')).toHaveLength(5)
      expect(results.starts[2]?.samples).toHaveLength(7)
    }
    const { samples } = results.starts[0] ?? { samples: [] }
    expect(samples).toHaveLength(7)
    for (const { wall } of samples) expect(wall).toBeGreaterThan(0.005)
    expect(results.machine.cores).toBeGreaterThan(0)
    expect(ran.stdout).toBe(page)
    expect(page).toContain('A quick try, at a scale of 0.0002')
    expect(page).toContain(results.machine.kernel)
  }, 90_000)

  test('measures versions, and what goes through the library, each beside its target', async () => {
    const { results, page } = await quickTry('--peers', 'none', '--only', 'W3,W4,W5,W6,big')
    expect(samplesOf(results, 'quilt', 'W4').map(([step]) => step)).toEqual([
      'build',
      'again',
      'changed',
      'export',
    ])
    for (const name of ['W5a', 'W5b']) {
      expect(samplesOf(results, 'quilt', name)).toEqual([
        ['build', 1],
        ['changed', 1],
        ['export', 1],
      ])
    }
    expect(samplesOf(results, 'quilt', 'big').map(([step]) => step)).toEqual(['build', 'again', 'export'])
    const figures = new Map(results.figures.map((row) => [`${row.workload} ${row.what}`, row.samples]))
    expect(figures.get('W3 new tree nodes')?.[0]).toBeGreaterThan(1)
    for (const what of ['open, and read one object', 'gc', 'verify', 'repack']) {
      expect(figures.get(`W6 ${what}`)?.[0], what).toBeGreaterThan(0)
    }
    expect(figures.get('W6 gc, peak memory')?.[0]).toBeGreaterThan(30)
    expect(results.starts).toEqual([])
    for (const text of ['newly stored for one row', 'new tree nodes', 'repack, peak memory'])
      expect(page).toContain(text)
  }, 180_000)

  test('measures tables beside DuckDB', async () => {
    const { results, page } = await quickTry('--peers', 'duckdb', '--only', 'T1,T2,T3,T4')
    expect(samplesOf(results, 'quilt-tables', 'T1')).toEqual([
      ['build', 1],
      ['again', 1],
      ['changed', 1],
    ])
    expect(samplesOf(results, 'duckdb', 'T1')).toEqual([['build', 1]])
    const figures = results.figures.map(({ workload, samples }) => [workload, samples[0]! > 0])
    expect(figures.filter(([, isThere]) => isThere === true)).toHaveLength(13)
    for (const text of ["DuckDB's COPY", 'full outer join by DuckDB', 'rows(), a cell', 'read one table'])
      expect(page).toContain(text)
  }, 120_000)

  test('clears up and ends with 130 when it is stopped', async () => {
    const work = tempDir()
    const argv = ['--scale', '0.0002', '--runs', '999', '--only', 'start', '--work', work]
    let stopped = false
    const { status, stderr } = await bench(argv, (said, stop) => {
      // Once: a second signal could meet the process at its end, when Node has let go of its handlers.
      if (stopped || !said.includes('start: measuring')) return
      stopped = true
      stop('SIGINT')
    })
    expect(status, stderr).toBe(130)
    expect(readdirSync(work)).toEqual([])
  }, 30_000)

  test('keeps what was measured before it is stopped, for a later run and its page', async () => {
    const work = tempDir()
    const [file, out] = [join(work, 'results.json'), join(work, 'page.md')]
    const argv = ['--scale', '0.0002', '--runs', '1', '--peers', 'none', '--work', work, '--out', out]
    let stopped = false
    const first = await bench([...argv, '--only', 'W2'], (said, stop) => {
      if (stopped || !said.includes('W2 run 1/1 again quilt')) return
      stopped = true
      stop('SIGTERM')
    })
    expect(first.status, first.stderr).toBe(130)
    expect(first.stderr).toContain(`--only none --merge ${file}`)
    const [kept] = readRuns(file, 0.0002) as [Results]
    expect(samplesOf(kept, 'quilt', 'W2').slice(0, 2)).toEqual([
      ['build', 1],
      ['again', 1],
    ])
    expect(readdirSync(work)).toEqual(['results.json'])

    const second = await bench([...argv, '--only', 'W1', '--merge', file])
    expect(second.status, second.stderr).toBe(0)
    const runs = readRuns(file, 0.0002)
    expect(runs.map(({ rows }) => new Set(rows.map(({ workload }) => workload)))).toEqual([
      new Set(['W1']),
      new Set(['W2']),
    ])
    const page = readFileSync(out, 'utf8')
    for (const text of ['nothing is compared across runs', '| W1 [1]', '| W2 [2]'])
      expect(page).toContain(text)
    const third = await bench([...argv, '--only', 'none', '--merge', file])
    expect([third.status, third.stdout]).toEqual([0, page])
    const other = await bench(['--only', 'none', '--merge', file, '--work', work])
    expect([other.status, other.stderr]).toEqual([2, expect.stringContaining('at a scale of 0.0002')])

    // A run that is not told of the last one puts it aside.
    await bench([...argv, '--only', 'W1'])
    expect(readdirSync(work).sort()).toEqual(['page.json', 'page.md', 'results-before.json', 'results.json'])
    expect(readRuns(join(work, 'results-before.json'), 0.0002)).toHaveLength(2)
  }, 120_000)

  test('says what is wrong with its arguments', async () => {
    const { status, stderr } = await bench(['--peers', 'git,svn'])
    expect(status).toBe(2)
    expect(stderr).toBe('error: --peers knows git, restic, borg, cp, duckdb, rclone, not "svn"\n')
  })
})
