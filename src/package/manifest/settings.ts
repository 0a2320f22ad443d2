// The values that nodes of a build file have: texts, options, metadata. All of it is JSON, and stays as written.
import { isQuiltError } from '../../core/base/error.ts'
import { metaProblem } from '../../core/codec/objects/tree-entry.ts'
import { metadataDepth, type Json, type JsonObject } from '../../core/model/metadata.ts'
import type { ManifestMeta } from '../manifest.ts'
import { quoted, type Problems } from './problems.ts'
import type { YamlScalar, YamlValue } from './yaml-value.ts'

/** Most values in one mapping: aliases may name one part many times. */
const mostValues = 100_000

/** A text that is not empty. */
export function textOf(problems: Problems, value: YamlValue, what: string): string | undefined {
  const text = value.kind === 'scalar' ? value.value : undefined
  if (typeof text === 'string' && text !== '') return text
  const written =
    value.kind === 'scalar' && value.source !== '' ? `, and ${value.source} is none: put it in quotes` : ''
  problems.add(value.at, `${what} must be a text${text === '' ? ' that is not empty' : written}`)
  return undefined
}

/** A value as JSON; `undefined` when it holds what JSON cannot say. */
export function jsonOf(problems: Problems, value: YamlValue): Json | undefined {
  return toJson({ problems, values: 0 }, value, 0)
}

interface Budget {
  readonly problems: Problems
  values: number
}

function toJson(run: Budget, value: YamlValue, depth: number): Json | undefined {
  if (++run.values > mostValues || depth > metadataDepth) {
    run.problems.add(
      value.at,
      depth > metadataDepth
        ? `this is nested deeper than ${String(metadataDepth)} levels`
        : `this mapping holds more than ${String(mostValues)} values`,
    )
    return undefined
  }
  if (value.kind === 'scalar') return scalarOf(run.problems, value)
  if (value.kind === 'list') {
    const items = []
    for (const item of value.items) {
      const read = toJson(run, item, depth + 1)
      if (read === undefined) return undefined
      items.push(read)
    }
    return items
  }
  const pairs: [string, Json][] = []
  for (const [key, { value: inside }] of value.pairs) {
    const read = toJson(run, inside, depth + 1)
    if (read === undefined) return undefined
    pairs.push([key, read])
  }
  return Object.fromEntries(pairs)
}

/** A number that JavaScript would change is refused: what is written is kept, or nothing. */
function scalarOf(problems: Problems, { at, value, source }: YamlScalar): Json | undefined {
  if (typeof value !== 'number') return value
  if (!Number.isFinite(value)) problems.add(at, `JSON has no number ${source}: put it in quotes`)
  else if (/^[-+]?(\d+|0x[0-9a-f]+|0o[0-7]+)$/i.test(source) && !Number.isSafeInteger(value))
    problems.add(at, `the number ${quoted(source)} is too large to be kept exactly: put it in quotes`)
  else return value
  return undefined
}

/** The options of a parser. */
export function kwargsOf(problems: Problems, value: YamlValue): JsonObject | undefined {
  if (value.kind !== 'map') {
    problems.add(value.at, '"kwargs" must be a mapping of options: leave it out where there are none')
    return undefined
  }
  const options = jsonOf(problems, value) as JsonObject | undefined
  const problem = options === undefined || value.pairs.size === 0 ? undefined : metaProblem(options)
  if (problem !== undefined) problems.add(value.at, problem.replace('its metadata', 'this mapping'))
  return problem === undefined ? options : undefined
}

/** Metadata: a mapping, or the name of a JSON file. */
export function metaOf(problems: Problems, value: YamlValue | undefined): ManifestMeta | undefined {
  if (value === undefined) return undefined
  if (value.kind === 'scalar' && typeof value.value === 'string' && value.value !== '') {
    return { kind: 'file', at: value.at, path: value.value }
  }
  if (value.kind !== 'map') {
    problems.add(value.at, '"meta" must be a mapping, or the name of a JSON file')
    return undefined
  }
  const json = jsonOf(problems, value) as JsonObject | undefined
  if (json === undefined) return undefined
  const problem = keptProblem(json)
  if (problem !== undefined) problems.add(value.at, problem)
  return problem === undefined && value.pairs.size > 0
    ? { kind: 'said', at: value.at, value: json }
    : undefined
}

/** Why metadata cannot be kept, `_system` being the original's own key. */
export function keptProblem(meta: JsonObject): string | undefined {
  if (Object.hasOwn(meta, '_system')) return 'metadata cannot have the key "_system"'
  try {
    return Object.keys(meta).length === 0 ? undefined : metaProblem(meta)
  } catch (error) {
    if (isQuiltError(error, 'INVALID')) return error.message
    throw error
  }
}
