// Proves every package's refs: from the newest generation back to the first, each file whole, no link broken.
import type { Backend } from '../backend/backend.ts'
import { checkSignal, type Context } from '../base/context.ts'
import { isQuiltError } from '../base/error.ts'
import type { FoldedMove } from '../codec/segment.ts'
import type { Id } from '../model/id.ts'
import { readGeneration, readSegment } from './generations/chain.ts'
import {
  lastFolded,
  listPackage,
  listPackages,
  newestGeneration,
  packageOfPrefix,
  type Listing,
} from './generations/listing.ts'

/** Damage in a package's refs. */
export interface RefProblem {
  /** The package in lower case, as its keys say it. */
  readonly package: string
  /** The damaged file; the package's prefix where one is missing. */
  readonly key: string
  readonly problem: string
}

/** What links the chain at one number, and the file that says so. */
interface Link {
  readonly key: string
  readonly id: Id
  readonly previous: Id | undefined
}

/** What was found about one package; `moved` when others folded meanwhile, so that it counts for nothing. */
interface Findings {
  readonly problems: RefProblem[]
  readonly report: (key: string, problem: string) => void
  readonly ctx: Context | undefined
  moved: boolean
}

/** How often a package is looked at anew when it is folded meanwhile. */
const mostLooks = 20

/** All damage in the refs of all packages, package by package. What an interrupted fold left is none. */
export async function* verifyRefs(backend: Backend, ctx?: Context): AsyncGenerator<RefProblem> {
  for await (const first of listPackages(backend, ctx)) {
    let listing = first
    for (let looks = 0; looks < mostLooks; looks++) {
      checkSignal(ctx)
      const findings = await verifyPackage(backend, listing, ctx)
      if (!findings.moved || looks + 1 === mostLooks) {
        yield* findings.problems
        break
      }
      listing = await listPackage(backend, first.prefix, ctx)
    }
  }
}

async function verifyPackage(
  backend: Backend,
  listing: Listing,
  ctx: Context | undefined,
): Promise<Findings> {
  const problems: RefProblem[] = []
  const name = packageOfPrefix(listing.prefix)
  const report = (key: string, problem: string): void => {
    problems.push({ package: name, key, problem })
  }
  const findings: Findings = { problems, report, ctx, moved: false }
  for (const key of listing.strangers) report(key, 'it is neither a generation nor a segment')
  const folded = await readFolded(backend, listing, findings)
  const files = await readFiles(backend, listing, findings, folded)
  const newest = newestGeneration(listing)
  if (listing.strangers.length > 0 && newest === undefined && listing.segments.length === 0) return findings
  if (newest === undefined || newest.number <= lastFolded(listing)) {
    report(listing.prefix, 'the newest generation is missing')
  }
  checkChain(listing, findings, new Map([...files, ...folded]))
  return findings
}

/** The links that segments say; those of one number must agree. */
async function readFolded(
  backend: Backend,
  listing: Listing,
  findings: Findings,
): Promise<Map<number, Link>> {
  const links = new Map<number, Link>()
  for (const listed of listing.segments) {
    const { key } = listed
    const segment = await whole(findings, key, () => readSegment(backend, listed, findings.ctx))
    for (const move of segment?.moves ?? []) {
      const known = links.get(move.number)
      if (known === undefined) links.set(move.number, linkOf(key, move))
      else if (known.id !== move.id || known.previous !== move.previous) {
        findings.report(key, `it disagrees with "${known.key}" about generation ${String(move.number)}`)
        break
      }
    }
  }
  return links
}

/** The links that generation files say. One whose number a segment holds may be a stray: whole is enough. */
async function readFiles(
  backend: Backend,
  listing: Listing,
  findings: Findings,
  folded: ReadonlyMap<number, Link>,
): Promise<Map<number, Link>> {
  const links = new Map<number, Link>()
  for (const listed of listing.generations) {
    checkSignal(findings.ctx)
    const read = await whole(findings, listed.key, () => readGeneration(backend, listed, findings.ctx))
    if (read === undefined || folded.has(listed.number)) continue
    const { number, previous } = read.generation
    links.set(number, { key: listed.key, id: read.id, previous })
  }
  return links
}

/** From the first up to the newest: nothing missing, each named by the next. Damaged files were reported. */
function checkChain(listing: Listing, findings: Findings, links: ReadonlyMap<number, Link>): void {
  const bad = new Set(findings.problems.map(({ key }) => key))
  const files = listing.generations.map(({ number, key }) => ({ first: number, last: number, key }))
  const damaged = [...files, ...listing.segments].filter(({ key }) => bad.has(key))
  let expected = 1
  let last: Link | undefined
  for (const number of [...links.keys()].sort((a, b) => a - b)) {
    const link = links.get(number) as Link
    const gap = { first: expected, last: number - 1 }
    if (number === expected && last !== undefined && link.previous !== last.id) {
      findings.report(
        last.key,
        `generation ${String(number - 1)} is not the one that ${String(number)} followed`,
      )
    } else if (number > expected && !damaged.some((it) => it.first <= gap.last && gap.first <= it.last)) {
      const range =
        gap.first === gap.last
          ? ` ${String(gap.first)} is`
          : `s ${String(gap.first)} to ${String(gap.last)} are`
      findings.report(listing.prefix, `generation${range} missing`)
    }
    last = link
    expected = number + 1
  }
}

/** What `read` gives; its damage becomes a finding. */
async function whole<T>(
  findings: Findings,
  key: string,
  read: () => Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    const found = await read()
    if (found === undefined) findings.moved = true
    return found
  } catch (error) {
    if (!isQuiltError(error, 'CORRUPT') && !isQuiltError(error, 'UNSUPPORTED')) throw error
    findings.report(key, error.message)
    return undefined
  }
}

function linkOf(key: string, move: FoldedMove): Link {
  return { key, id: move.id, previous: move.previous }
}
