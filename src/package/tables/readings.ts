// How a file is to be read: by what its build file says, or by what its name ends in.
import { inferredParser } from '../manifest.ts'
import { QuiltError } from '../../core/base/error.ts'
import { closest } from '../../core/base/closest.ts'
import { readingId, type ViewReading } from '../../core/codec/objects/reading-id.ts'
import { viewName } from '../../core/model/derived.ts'
import type { FileEntry } from '../../core/model/entry.ts'
import type { JsonObject } from '../../core/model/metadata.ts'
import type { Parser, ParserListing } from '../../plugins/api.ts'

/** How a file is read, before its parser is loaded. */
export interface FileReading {
  readonly listing: ParserListing
  readonly options: JsonObject
  /** True when a build file says so: what fails then is an error. */
  readonly isSaid: boolean
}

/** A reading with its parser at hand. */
export interface LoadedReading {
  readonly parser: Parser
  readonly reading: ViewReading
  /** As the parser takes them. */
  readonly options: unknown
  /** The view's name in the derived tree. */
  readonly view: string
}

/** The original's names of parsers that have another here. */
const spellings: Readonly<Record<string, string>> = {
  xlsx: 'excel',
  xls: 'excel',
  txt: 'text',
  md: 'markdown',
}
/** The reading that keeps bytes as they are. */
const asBytes = 'id'

/**
 * How a file is to be read; `undefined` for what is no more than its bytes.
 * @throws INVALID for a parser that there is not
 */
export function readingOf(
  parsers: readonly ParserListing[],
  { name, source, reading }: Pick<FileEntry, 'name' | 'source' | 'reading'>,
): FileReading | undefined {
  const inferred = reading?.parser === inferredParser
  if (reading !== undefined && !inferred) {
    if (reading.parser === asBytes) return undefined
    return { listing: parserNamed(parsers, reading.parser), options: reading.options, isSaid: true }
  }
  const listing = parserFor(parsers, source ?? name)
  return listing === undefined ? undefined : { listing, options: reading?.options ?? {}, isSaid: inferred }
}

/**
 * The parser of this name, in any case.
 * @throws INVALID, with the nearest
 */
export function parserNamed(parsers: readonly ParserListing[], name: string): ParserListing {
  const lower = name.toLowerCase()
  const found = parsers.find((one) => one.name === (spellings[lower] ?? lower))
  if (found !== undefined) return found
  const names = parsers.map((one) => one.name)
  const near = closest(name.toLowerCase(), [...names, asBytes])
  throw new QuiltError('INVALID', `there is no parser ${JSON.stringify(name.slice(0, 80))}`, {
    hint: near === undefined ? `there are ${[...names, asBytes].join(', ')}` : `did you mean ${near}?`,
  })
}

/** The parser of the longest extension that a file's name ends in. */
export function parserFor(parsers: readonly ParserListing[], name: string): ParserListing | undefined {
  const lower = name.toLowerCase()
  let best: ParserListing | undefined
  let length = 0
  for (const one of parsers) {
    for (const extension of one.extensions) {
      if (extension.length <= length || !lower.endsWith(extension)) continue
      best = one
      length = extension.length
    }
  }
  return best
}

/**
 * Loads a reading's parser and checks its options.
 * @throws INVALID, naming the option
 */
export async function loadReading(
  blob: FileEntry['id'],
  { listing, options }: Pick<FileReading, 'listing' | 'options'>,
): Promise<LoadedReading> {
  const parser = await listing.load()
  const reading: ViewReading = { parser: parser.name, version: parser.version, options }
  return { parser, reading, options: parser.options(options), view: viewName(blob, readingId(reading)) }
}
