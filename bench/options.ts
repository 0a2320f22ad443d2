// The benchmark's own command line.
import { parseArgs } from 'node:util'

/** What to run, and where. */
export interface Options {
  readonly runs: number
  readonly scale: number
  readonly only: readonly Part[]
  readonly peers: readonly string[]
  readonly keep: boolean
  readonly out: string
  readonly work: string
  /** A results file whose runs stand beside this one. */
  readonly merge?: string
}

export const parts = [
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
] as const
export type Part = (typeof parts)[number]

export const usageText = `usage: npm run bench -- [options]
  --runs N          how often each step runs; the median counts (3)
  --only LIST       of ${parts.join(',')} (all); none to write the page of what is merged
  --peers LIST      of those named in the table; none for ours alone (all that are installed)
  --scale X         a share of the full size: 0.02 for a quick try (1)
  --out FILE        the table, as Markdown, its figures beside it as JSON (docs/benchmarks.md)
  --work DIR        where the data and results.json go (.bench)
  --merge FILE      figures of other runs (docs/benchmarks.json): what they have and this one has not stands beside it
  --keep            leave the data of the last run there

What is measured is in results.json at once: a benchmark that is stopped loses the step at hand. Go on with
  npm run bench -- --only REST --merge .bench/results.json`

/** Throws with a sentence for the user where the arguments make no sense. `peers` are those that may be named. */
export function parseOptions(argv: readonly string[], peers: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      runs: { type: 'string', default: '3' },
      only: { type: 'string', default: parts.join(',') },
      peers: { type: 'string', default: peers.join(',') },
      scale: { type: 'string', default: '1' },
      out: { type: 'string', default: 'docs/benchmarks.md' },
      work: { type: 'string', default: '.bench' },
      merge: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  })
  if (values.help) return 'help'
  const runs = Number(values.runs)
  const scale = Number(values.scale)
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs must be a whole number from 1, not ${values.runs}`)
  if (!(scale > 0 && scale <= 1))
    throw new Error(`--scale must be above 0 and at most 1, not ${values.scale}`)
  return {
    runs,
    scale,
    only: values.only === 'none' ? [] : parseList('--only', values.only, parts),
    peers: values.peers === 'none' ? [] : parseList('--peers', values.peers, peers),
    keep: values.keep,
    out: values.out,
    work: values.work,
    ...(values.merge === undefined ? undefined : { merge: values.merge }),
  }
}

function parseList<T extends string>(flag: string, text: string, known: readonly T[]): readonly T[] {
  return text.split(',').map((word) => {
    const found = known.find((name) => name === word.trim())
    if (found === undefined) throw new Error(`${flag} knows ${known.join(', ')}, not "${word}"`)
    return found
  })
}
