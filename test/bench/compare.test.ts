// The comparison's loop, with tools that are shell scripts of this test.
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compare, type Comparison, type Row } from '../../bench/compare.ts'
import { createMeter } from '../../bench/measure.ts'
import { type Plan, type StepName, type Tool } from '../../bench/tool.ts'
import { isStale, quilt } from '../../bench/tools/quilt.ts'
import { workloads } from '../../bench/workload.ts'
import { tempDir } from '../support/temp-dir.ts'

const path = process.env['PATH'] ?? '/usr/bin:/bin'
const manyFiles = workloads(0.0001, process.cwd())[1]!

/** A tool that copies; `scripts` replaces what a step does. */
function copying(name: string, scripts: Partial<Record<StepName, string>> = {}): Tool {
  return {
    name,
    version: ['sh', '--version'],
    mapping: {},
    remarks: '',
    plan({ input, root, env }): Plan {
      const [store, out] = [join(root, 'store'), join(root, 'out')]
      const step = (script: string) => ({
        argv: ['sh', '-c', script, 'sh', input, store, out] as const,
        cwd: root,
        env,
      })
      const copy = 'rm -rf "$2"; cp -r "$1" "$2"'
      return {
        setup: [],
        folders: [],
        steps: {
          build: { command: step(scripts.build ?? copy), stores: store },
          changed: { command: step(scripts.changed ?? copy), stores: store },
          export: { command: step(scripts.export ?? 'cp -r "$2" "$3"'), restores: out, drops: [out] },
        },
      }
    },
  }
}

async function run(
  tools: readonly Tool[],
  options: Partial<Comparison> = {},
): Promise<{ rows: readonly Row[]; said: readonly string[]; folder: string }> {
  const folder = join(tempDir(), 'data')
  const meter = createMeter(tempDir(), new AbortController().signal)
  const said: string[] = []
  const say = (line: string): number => said.push(line)
  const rows = await compare(manyFiles, { tools, runs: 2, folder, path, keep: false, meter, say, ...options })
  return { rows, said, folder }
}

const rowOf = (rows: readonly Row[], step: StepName, tool: string): Row | undefined =>
  rows.find((row) => row.step === step && row.tool === tool)

describe('a comparison', () => {
  test('takes each step by one tool after the other, another first in each run', async () => {
    const { rows, said, folder } = await run([copying('one'), copying('two')])
    const order = said.slice(1).map((line) => line.replace(/:.*/, '').replace(/^W2 run /, ''))
    const turns = [
      '1/2 build one, 1/2 build two, 1/2 changed one, 1/2 changed two, 1/2 export one, 1/2 export two',
      '2/2 build two, 2/2 build one, 2/2 changed two, 2/2 changed one, 2/2 export two, 2/2 export one',
    ]
    expect(order.join(', ')).toBe(turns.join(', '))
    expect(rows.map(({ step, tool, samples }) => [step, tool, samples.length])).toEqual(
      ['build', 'changed', 'export'].flatMap((step) => ['one', 'two'].map((tool) => [step, tool, 2])),
    )
    const stored = rowOf(rows, 'build', 'one')?.samples[0]?.stored
    expect(stored).toMatchObject({ bytes: 10 * 4096, files: 10 })
    expect(existsSync(folder)).toBe(false)
  })

  test('leaves out a tool that fails, with what it said, and goes on with the others', async () => {
    const bad = copying('bad', { changed: 'echo no room >&2; exit 3' })
    const { rows } = await run([bad, copying('good')])
    expect(rowOf(rows, 'changed', 'bad')?.problem).toMatch(/exit 3: no room$/)
    expect(rowOf(rows, 'export', 'bad')?.samples).toEqual([])
    expect(rowOf(rows, 'export', 'good')?.samples).toHaveLength(2)
  })

  test('believes no tool that stores too little, or gives back other bytes', async () => {
    const lazy = copying('lazy', { build: 'mkdir "$2"' })
    const wrong = copying('wrong', { export: 'cp -r "$2" "$3"; printf x >>"$3/d0000/f03.bin"' })
    const less = copying('less', { export: 'cp -r "$2" "$3"; rm "$3/d0000/f03.bin"' })
    const { rows } = await run([lazy, wrong, less], { runs: 1 })
    expect(rowOf(rows, 'build', 'lazy')?.problem).toBe('stored 0 bytes of 40960')
    for (const tool of ['wrong', 'less'])
      expect(rowOf(rows, 'export', tool)?.problem).toBe('did not give back the same bytes: d0000/f03.bin')
  })

  test('keeps the data of the last run where it is told to', async () => {
    const { folder } = await run([copying('one')], { keep: true })
    expect(readdirSync(folder).sort()).toEqual(['input', 'run-2'])
    expect(readdirSync(join(folder, 'run-2', 'one')).sort()).toEqual(['home', 'out', 'store', 'tmp'])
  })
})

describe('ours', () => {
  /** A program that takes the contract's words for verbs, and copies folders. */
  const program = `
    const { cpSync, mkdirSync, existsSync } = require('node:fs')
    const [verb, pkg, ...rest] = process.argv.slice(2)
    const store = process.env.QUILT_STORE
    const remote = rest[0] === '--remote' ? require('node:url').fileURLToPath(rest[1]) : undefined
    if (pkg !== 'bench/data' || process.env.NODE_EXTRA_CA_CERTS !== undefined) process.exit(9)
    if (verb === 'build') cpSync(rest[0], store, { recursive: true })
    else if (verb === 'export' && !existsSync(rest[0])) cpSync(store, rest[0], { recursive: true })
    else if (verb === 'push') cpSync(store, remote, { recursive: true })
    else if (verb === 'install' && !existsSync(store)) cpSync(remote, store, { recursive: true })
    else process.exit(2)`

  function homeWith(commands: readonly string[]): string {
    const home = tempDir()
    for (const folder of ['bin', 'dist/cli', 'src']) mkdirSync(join(home, folder), { recursive: true })
    writeFileSync(join(home, 'bin', 'run.js'), program)
    writeFileSync(join(home, 'dist', 'cli', 'main.js'), '')
    const entries = commands.map((name) => [name, {}])
    writeFileSync(
      join(home, 'oclif.manifest.json'),
      JSON.stringify({ commands: Object.fromEntries(entries) }),
    )
    return home
  }

  test('is asked for every step, by the verbs of the command line', async () => {
    const tool = quilt(homeWith(['build', 'export', 'push', 'install', 'ls']))
    const { rows } = await run([tool], { runs: 1 })
    const steps = ['build', 'again', 'changed', 'export', 'push', 'install']
    expect(rows.map(({ step, samples, problem }) => [step, samples.length, problem])).toEqual(
      steps.map((step) => [step, 1, undefined]),
    )
  })

  test('leaves out the steps whose command is not built', async () => {
    const { rows } = await run([quilt(homeWith(['build', 'install']))], { runs: 1 })
    expect(rows.map(({ step }) => step)).toEqual(['build', 'again', 'changed'])
    expect((await run([quilt(homeWith([]))], { runs: 1 })).rows).toEqual([])
  })

  test('notices sources that are newer than the program', () => {
    const home = homeWith(['build'])
    expect(isStale(home)).toBe(false)
    writeFileSync(join(home, 'src', 'a.ts'), '')
    const later = new Date(Date.now() + 5000)
    utimesSync(join(home, 'src', 'a.ts'), later, later)
    expect(isStale(home)).toBe(true)
  })
})
