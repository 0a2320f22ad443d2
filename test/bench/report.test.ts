// The page and its figures, from results that are made up.
import { describe, expect, test } from 'vitest'
import { type Row } from '../../bench/compare.ts'
import { parseOptions } from '../../bench/options.ts'
import { renderReport, type Results } from '../../bench/report.ts'
import { median } from '../../bench/statistics.ts'
import { type Tool } from '../../bench/tool.ts'
import { machineOn } from '../support/bench-machine.ts'

const row = (tool: string, walls: readonly number[], peak: number, bytes: number): Row => ({
  workload: 'W1',
  step: 'build',
  tool,
  samples: walls.map((wall) => ({ wall, peak, stored: { bytes, files: 3 } })),
})

const results: Results = {
  machine: machineOn('2026-01-02'),
  memory: 'gnu-time',
  runs: 3,
  scale: 1,
  workloads: [{ name: 'W1', title: 'a title' }],
  versions: { quilt: 'quilt 1', git: 'git version 2', cp: '9.1' },
  missing: ['borg'],
  rows: [
    row('quilt', [1, 9, 2], 3e8, 1e9),
    row('git', [4, 4, 4], 1e8, 2e9),
    { ...row('cp', [], 0, 0), problem: 'exit 1: no\nroom' },
  ],
  figures: [
    { workload: 'W3', what: 'edit', unit: 'ms', samples: [30, 20, 90] },
    { workload: 'W3', what: 'new tree nodes', unit: 'KiB', samples: [70, 70, 70] },
    { workload: 'W6', what: 'gc', unit: 's', samples: [], problem: 'exit 1: no memory' },
  ],
  starts: [
    { name: 'node -e 0', samples: [{ wall: 0.04 }, { wall: 0.05 }, { wall: 0.03 }] },
    { name: 'quilt --version', samples: [{ wall: 0.05, peak: 4e7 }] },
    { name: 'quilt ls, 100 packages', samples: [], problem: 'not built' },
  ],
}
const plan = (): never => {
  throw new Error('a report runs nothing')
}
const tools: readonly Tool[] = ['quilt', 'git', 'cp'].map((name) => ({
  name,
  version: [name],
  mapping: { build: `\`${name} build\`` },
  remarks: `about ${name}`,
  plan,
}))

/** The cells of the table's line that holds all of `words`. */
function cells(page: string, ...words: readonly string[]): readonly string[] {
  const line = page.split('\n').find((text) => words.every((word) => text.includes(`| ${word}`)))
  return (line ?? '').split('|').map((cell) => cell.trim())
}

describe('the page', () => {
  const page = renderReport([results], { local: tools, remote: [] })

  test('has each figure beside its target, and says which are missed', () => {
    expect(cells(page, 'edit ').slice(1, -1)).toEqual(['', 'edit', '50.0 ms', '30.0 ms', '0.60'])
    expect(cells(page, 'new tree nodes').slice(1, 2)).toEqual(['W3'])
    expect(cells(page, 'new tree nodes').slice(-3, -1)).toEqual(['70.0 KiB', 'missed: 1.09'])
    expect(page).not.toContain('build, time / restic') // was left out
    expect(page).toContain('W6, gc')
  })

  test('has medians, and ratios of ours to each peer', () => {
    const quilt = [
      '',
      'W1',
      'built first',
      'quilt',
      '2.00',
      '1.00–9.00',
      '–',
      '300',
      '1000.0',
      '3',
      '',
      '',
      '',
      '',
    ]
    expect(cells(page, 'W1', 'built first')).toEqual(quilt)
    const git = [
      '',
      '',
      '',
      'git',
      '4.00',
      '4.00–4.00',
      '–',
      '100',
      '2000.0',
      '3',
      '0.50',
      '3.00',
      '0.50',
      '',
    ]
    expect(cells(page, 'git ', '4.00–4.00')).toEqual(git)
  })

  test('says what failed, and why', () => {
    expect(cells(page, 'cp ', 'failed')).toContain('failed')
    expect(page).toContain('- W1, built first, cp:\n\n      exit 1: no\n      room')
    expect(page).not.toContain('- quilt ls')
  })

  test('has the starts above a bare node', () => {
    expect(cells(page, '`node -e 0` ')).toEqual(['', '`node -e 0`', '3', '40', '30', '–', '–', ''])
    expect(cells(page, '`quilt --version`')).toEqual([
      '',
      '`quilt --version`',
      '1',
      '50',
      '50',
      '10',
      '40',
      '',
    ])
    expect(cells(page, '`quilt ls, 100 packages`')).toContain('not built')
  })

  test('names the machine, what is not installed, and what was asked of each', () => {
    expect(cells(page, 'processor')[2]).toBe('2 cores, A processor')
    expect(cells(page, 'compared')[2]).toBe('quilt 1 · git version 2 · cp: 9.1')
    expect(cells(page, 'not installed')[2]).toBe('borg')
    expect(cells(page, 'built first', '`git build`')[3]).toBe('`git build`')
    expect(page).toContain('- **cp**: about cp')
    expect(page).not.toContain('A quick try')
    expect(renderReport([{ ...results, scale: 0.5 }], { local: tools, remote: [] })).toContain('A quick try')
  })
})

describe('the arguments', () => {
  test('have the defaults of a full run', () => {
    expect(parseOptions([], ['git', 'cp'])).toEqual({
      runs: 3,
      only: [
        'W1',
        'W2',
        'W3',
        'W4',
        'W5',
        'W6',
        'big',
        'T1',
        'T2',
        'T3',
        'T4',
        'start',
        'R1',
        'R2',
        'R3',
        'R4',
        'R5',
      ],
      peers: ['git', 'cp'],
      scale: 1,
      keep: false,
      out: 'docs/benchmarks.md',
      work: '.bench',
    })
    expect(parseOptions(['--only', 'W2', '--peers', 'none'], ['git'])).toMatchObject({
      only: ['W2'],
      peers: [],
    })
  })

  test.each([
    ['--runs', '0'],
    ['--runs', '1.5'],
    ['--scale', '0'],
    ['--scale', 'x'],
    ['--only', 'W9'],
    ['--no', '1'],
  ])('refuse %s %s', (flag, value) => {
    expect(() => parseOptions([flag, value], ['git'])).toThrow(flag)
  })
})

test('a median is the middle one, or the mean of the middle two', () => {
  expect([median([]), median([3]), median([9, 1, 2]), median([1, 10, 2, 3])]).toEqual([undefined, 3, 2, 2.5])
})
