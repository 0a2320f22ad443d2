// What is to be reached with tables: T1 to T4, each beside what DuckDB takes for the same. Pure.
import { figure, peak, stored, valueOf, wall, type Measured, type Read, type Target } from './targets.ts'
import { medianOf } from './statistics.ts'
import type { StepName } from './tool.ts'

function ofTable(measured: Measured, step: StepName, read: Read): number | undefined {
  return valueOf(measured, { workload: 'T1', step, tool: 'quilt-tables' }, read)
}

function ofBytes(measured: Measured, step: StepName): number | undefined {
  return valueOf(measured, { workload: 'T1', step, tool: 'quilt' }, wall)
}

/** `read` of values that are all there. */
function all(
  values: readonly (number | undefined)[],
  read: (...known: number[]) => number,
): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === values.length ? read(...known) : undefined
}

function figures(workload: string, ours: string, peer: string): Target['read'] {
  return (measured) =>
    all(
      [figure(workload, ours)(measured), figure(workload, peer)(measured)],
      (a, b) => (a as number) / (b as number),
    )
}

/** The highest of a workload's steps, of ours. */
function highest(workload: string, theirs: readonly string[]): Target['read'] {
  return ({ rows, figures: found }) => {
    const peaks = [
      ...rows
        .filter((row) => row.workload === workload && row.tool === 'quilt-tables')
        .map(({ samples }) => medianOf(samples, peak))
        .map((bytes) => (bytes === undefined ? undefined : bytes / 1e6)),
      ...found
        .filter(
          ({ workload: name, what }) =>
            name === workload && what.endsWith(', peak memory') && !theirs.includes(what),
        )
        .map(({ samples }) => medianOf(samples, (value) => value)),
    ].filter((value) => value !== undefined)
    return peaks.length === 0 ? undefined : Math.max(...peaks)
  }
}

const memory = (workload: string, ...theirs: readonly string[]): Target => ({
  workload,
  what: 'peak memory of any step',
  most: 600,
  unit: 'MB',
  read: highest(
    workload,
    theirs.map((name) => `${name}, peak memory`),
  ),
})

/** Targets of tables, in the order of the workloads. */
export const tableTargets: readonly Target[] = [
  {
    workload: 'T1',
    what: "build, time / (1.5 × DuckDB's COPY + the build of the bytes)",
    most: 1,
    unit: '×',
    read: (measured) =>
      all(
        [
          ofTable(measured, 'build', wall),
          valueOf(measured, { workload: 'T1', step: 'build', tool: 'duckdb' }, wall),
          ofBytes(measured, 'build'),
        ],
        (ours = 0, copy = 0, bytes = 0) => ours / (1.5 * copy + bytes),
      ),
  },
  {
    workload: 'T1',
    what: 'changed, time beyond that of the bytes / first build',
    most: 0.05,
    unit: '×',
    read: (measured) =>
      all(
        [ofTable(measured, 'changed', wall), ofBytes(measured, 'changed'), ofTable(measured, 'build', wall)],
        (ours = 0, bytes = 0, first = 0) => (ours - bytes) / first,
      ),
  },
  {
    workload: 'T1',
    what: 'newly stored for one row, view and all',
    most: 16,
    unit: 'MB',
    read: (measured) =>
      all(
        [ofTable(measured, 'again', stored), ofTable(measured, 'changed', stored)],
        (before = 0, after = 0) => (after - before) / 1e6,
      ),
  },
  memory('T1'),
  {
    workload: 'T2',
    what: 'query, time / DuckDB on a plain Parquet file',
    most: 1.1,
    unit: '×',
    read: figures('T2', 'query', 'the same by DuckDB'),
  },
  {
    workload: 'T2',
    what: 'rows(), a cell (five million a second)',
    most: 200,
    unit: 'ns',
    read: figure('T2', 'rows(), a cell'),
  },
  memory('T2', 'DuckDB'),
  {
    workload: 'T3',
    what: 'diff --rows, time / full outer join by DuckDB',
    most: 0.1,
    unit: '×',
    read: figures('T3', 'diff --rows', 'full outer join by DuckDB'),
  },
  memory('T3', 'full outer join'),
  {
    workload: 'T4',
    what: 'load, and read one table',
    most: 200,
    unit: 'ms',
    read: figure('T4', 'load, and read one table'),
  },
  memory('T4'),
]
