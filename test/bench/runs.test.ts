// Which figures of earlier runs stand beside those of a new one, from results that are made up.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Row } from '../../bench/compare.ts'
import { renderReport, type Results } from '../../bench/report.ts'
import { mergeRuns, readRuns, writeRuns } from '../../bench/runs.ts'
import { tempDir } from '../support/temp-dir.ts'
import { machineOn } from '../support/bench-machine.ts'

const row = (workload: string, tool: string, wall?: number): Row => ({
  workload,
  step: 'push',
  tool,
  samples: wall === undefined ? [] : [{ wall }],
})

const run = (date: string, more: Partial<Results>): Results => ({
  machine: machineOn(date),
  memory: 'none',
  runs: 1,
  scale: 1,
  workloads: ['W1', 'W2', 'R1'].map((name) => ({ name, title: `about ${name}` })),
  versions: { quilt: '1' },
  missing: [],
  rows: [],
  figures: [],
  starts: [],
  ...more,
})

const shown = (runs: readonly Results[]): readonly unknown[] =>
  runs.map(({ machine, rows, workloads }) => [
    machine.date,
    workloads.map(({ name }) => name),
    rows.map(({ workload, tool }) => `${workload} ${tool}`),
  ])

describe('runs that are merged', () => {
  const monday = run('monday', {
    rows: [row('W1', 'quilt', 2), row('R1', 'quilt', 3), row('R1', 'rclone', 300), row('W2', 'quilt', 9)],
  })

  test('give way where all that a workload had was measured anew, and stay whole where not', () => {
    const friday = run('friday', {
      rows: [row('W1', 'quilt', 1), row('R1', 'quilt', 2), row('R1', 'restic', 4), row('W2', 'quilt')],
    })
    const merged = mergeRuns(friday, [monday])
    expect(shown(merged)).toEqual([
      ['friday', ['W1', 'W2', 'R1'], ['W1 quilt', 'R1 quilt', 'R1 restic', 'W2 quilt']],
      ['monday', ['W2', 'R1'], ['R1 quilt', 'R1 rclone', 'W2 quilt']],
    ])
    // A failure is told of by the run that met it, not for ever.
    const later = mergeRuns(run('sunday', {}), merged)
    expect(shown(later)).toEqual([
      ['friday', ['W1', 'R1'], ['W1 quilt', 'R1 quilt', 'R1 restic']],
      shown(merged.slice(1))[0],
    ])
    const all = run('sunday', { rows: [...friday.rows, ...monday.rows] })
    expect(shown(mergeRuns(all, merged))).toHaveLength(1)
  })

  test('bear what a reader must know of them, once for all of which it is true', () => {
    const remark = 'copied from a page'
    const copied = [monday, run('sunday', { rows: [row('W4', 'quilt', 1)] })].map((one) => ({
      ...one,
      remark,
    }))
    const friday = run('friday', { rows: [row('R2', 'quilt', 2)] })
    const page = renderReport([friday, ...copied], { local: [], remote: [] })
    expect(page.split('\n')).toContain('[2], [3]: copied from a page')
    expect(renderReport([friday, monday], { local: [], remote: [] })).not.toContain('copied')
  })

  test('are compared within themselves, each figure with the number of its run', () => {
    const friday = run('friday', { rows: [row('R1', 'quilt', 2), row('R1', 'restic', 4)] })
    const page = renderReport(mergeRuns(friday, [monday]), { local: [], remote: [] })
    const lines = page.split('\n').map((line) => line.replace(/ +/g, ' '))
    expect(lines).toContain(
      '| [2] | monday | 2 cores, A processor, 8.0 GB, Node v20.20.2 | 0.10 | 1 | W1, W2, R1 |',
    )
    const walls = lines.filter((line) => /\| (quilt|restic|rclone) \|/.test(line) && line.includes('–'))
    expect(walls.map((line) => [line.split('|')[1]?.trim(), line.split('|')[3]?.trim()])).toEqual(
      expect.arrayContaining([
        ['W1 [2]', 'quilt'],
        ['R1 [1]', 'quilt'],
        ['R1 [2]', 'quilt'],
      ]),
    )
    expect(lines.find((line) => line.includes('| rclone |'))).toMatch(/\| 0\.01 \|$/) // of Monday's 3 s
    expect(lines.find((line) => line.includes('push, time / restic'))).toContain('| R1 [1] |')
  })

  test('are read back as they were written, and nothing else is', () => {
    const file = join(tempDir(), 'results.json')
    writeRuns(file, [monday])
    expect(readRuns(file, 1)).toEqual([monday])
    expect(() => readRuns(file, 0.5)).toThrow('do not stand beside 0.5')
    writeFileSync(file, '{}')
    expect(() => readRuns(file, 1)).toThrow('holds no results')
  })
})
