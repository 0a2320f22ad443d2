// The grammar of a build file's nodes, with what they inherit. Goes on after a mistake, so that all are found.
import { nameProblem, targetProblem, treeDepth, type Reading } from '../../core/model/entry.ts'
import type { JsonObject } from '../../core/model/metadata.ts'
import { parseHandle, type Handle } from '../../core/model/revision.ts'
import { isQuiltError } from '../../core/base/error.ts'
import {
  inferredParser,
  type Manifest,
  type ManifestGroup,
  type ManifestMeta,
  type ManifestNode,
  type NamedCheck,
} from '../manifest.ts'
import { namedChecks } from './checks.ts'
import { hasWildcard, patternProblem, plainName } from './node-key.ts'
import { quoted, suggestion, type Position, type Problems } from './problems.ts'
import { kwargsOf, metaOf, textOf } from './settings.ts'
import { manifestValues, type YamlMap, type YamlPair, type YamlValue } from './yaml-value.ts'

/** What a leaf may say. */
const leafKeys = ['file', 'package', 'link', 'transform', 'kwargs', 'meta', 'checks', 'environments']
/** What makes a mapping a leaf, when it is a text. */
const sourceKeys = ['file', 'package', 'link'] as const
/** Keys of a group that are its own settings, unless a node is under them. */
const settingKeys = new Set(['transform', 'kwargs', 'meta'])

/** What a group hands down. */
interface Inherited {
  readonly parser: string | undefined
  readonly options: JsonObject
}

interface Grammar {
  readonly problems: Problems
  /** Nodes so far: aliases may name one part many times. */
  nodes: number
}

/** A place in the tree. */
interface Place {
  readonly at: Position
  readonly depth: number
  readonly inherited: Inherited
}

/** The value of `contents`. */
export function contentsOf(
  problems: Problems,
  { at, value }: YamlPair,
  depth: number,
): Manifest['contents'] | undefined {
  if (value.kind !== 'map') {
    problems.add(value.at, '"contents" must be a mapping: for an empty package write contents: {}')
    return undefined
  }
  const grammar: Grammar = { problems, nodes: 0 }
  const place: Place = { at, depth, inherited: { parser: undefined, options: {} } }
  const source = sourceOf(value)
  if (source === undefined) return groupOf(grammar, value, place)
  const leaf = leafOf(grammar, value, place)
  if (leaf === undefined || leaf.kind === 'package') return leaf
  problems.add(value.at, `"contents" is a group: give the ${leaf.kind} a name below it`)
  return undefined
}

/** The first key that makes a mapping a leaf. */
function sourceOf({ pairs }: YamlMap): (typeof sourceKeys)[number] | undefined {
  return sourceKeys.find((key) => {
    const value = pairs.get(key)?.value
    return value?.kind === 'scalar' && value.value !== null
  })
}

function isLeaf(value: YamlValue): boolean {
  return value.kind === 'map' && sourceOf(value) !== undefined
}

/** Depth was bounded when the text was read, so these may recurse. */
function groupOf(grammar: Grammar, map: YamlMap, { at, depth, inherited }: Place): ManifestGroup {
  const { problems } = grammar
  if (depth >= treeDepth) problems.add(map.at, `groups nest deeper than ${String(treeDepth)} levels`)
  const settings = new Map([...map.pairs].filter(([key, { value }]) => isSetting(key, value)))
  const handed = { parser: inherited.parser, options: inherited.options }
  const transform = settings.get('transform')
  if (transform !== undefined) handed.parser = parserOf(problems, transform.value)
  const kwargs = settings.get('kwargs')
  if (kwargs !== undefined) handed.options = kwargsOf(problems, kwargs.value) ?? {}
  const meta = metaOf(problems, settings.get('meta')?.value)
  const children = new Map<string, ManifestNode>()
  for (const [key, pair] of map.pairs) {
    if (settings.has(key) || depth >= treeDepth) continue
    const node = nodeOf(grammar, key, pair, { at: pair.at, depth: depth + 1, inherited: handed })
    if (node !== undefined) addChild(problems, children, { key, node })
  }
  return { kind: 'group', at, children, ...(meta === undefined ? undefined : { meta }) }
}

/** Two keys may be one name: `a` and `\a`. */
function addChild(
  problems: Problems,
  children: Map<string, ManifestNode>,
  { key, node }: { readonly key: string; readonly node: ManifestNode },
): void {
  const name = node.kind === 'glob' ? node.pattern : plainName(key)
  const known = children.get(name)
  if (known === undefined) children.set(name, node)
  else problems.add(node.at, `the name ${quoted(name)} stands twice: first in line ${String(known.at.line)}`)
}

/** `transform: csv` is a setting, `transform: { file: x }` and a group of that name are nodes. */
function isSetting(key: string, value: YamlValue): boolean {
  if (!settingKeys.has(key)) return false
  return key === 'transform' ? value.kind !== 'map' : !isLeaf(value)
}

function nodeOf(
  grammar: Grammar,
  key: string,
  { at, value }: YamlPair,
  place: Place,
): ManifestNode | undefined {
  const { problems } = grammar
  if (++grammar.nodes > manifestValues) {
    problems.add({ line: 1, column: 1 }, `it has more than ${String(manifestValues)} nodes`)
    return undefined
  }
  const isEmpty = value.kind === 'scalar' && value.value === null
  if (value.kind !== 'map' && !isEmpty) {
    addNotNode(problems, key, { at, value })
    return undefined
  }
  const map: YamlMap = value.kind === 'map' ? value : { kind: 'map', at: value.at, pairs: new Map() }
  const isGlob = hasWildcard(key) && sourceOf(map) === undefined && onlySettings(map)
  const problem = isGlob ? patternProblem(key) : nameProblem(plainName(key))
  if (problem !== undefined) {
    problems.add(at, `invalid ${isGlob ? 'pattern' : 'name'} ${quoted(key)}: ${problem}`)
    return undefined
  }
  if (isGlob)
    return { kind: 'glob', pattern: key, at, ...readOf(problems, map, place), ...metaIn(problems, map) }
  return sourceOf(map) === undefined ? groupOf(grammar, map, place) : leafOf(grammar, map, place)
}

/** A pattern's mapping says how files are read; with children it is a group whose name holds such signs. */
function onlySettings(map: YamlMap): boolean {
  return [...map.pairs].every(([key, { value }]) => leafKeys.includes(key) && !isLeaf(value))
}

function addNotNode(problems: Problems, key: string, { at, value }: YamlPair): void {
  const near = key === 'checks' ? '' : suggestion(key, leafKeys)
  if (near.includes('did you mean')) {
    problems.add(at, `unknown key ${quoted(key)}${near}`)
    return
  }
  const isText = value.kind === 'scalar' && typeof value.value === 'string' && key !== 'checks'
  const example = isText
    ? `: for a file write { file: ${quoted(String(value.value))} }`
    : ', such as { file: data.csv }'
  const checks = key === 'checks' ? ': a group has no checks of its own, name them at its files' : ''
  problems.add(value.at, `${quoted(key)} must be a mapping${example}${checks}`)
}

function leafOf(grammar: Grammar, map: YamlMap, place: Place): ManifestNode | undefined {
  const { problems } = grammar
  const { at, depth } = place
  const source = sourceOf(map) as (typeof sourceKeys)[number]
  for (const [key, pair] of map.pairs) checkLeafKey(problems, source, key, pair)
  const meta = metaIn(problems, map)
  const { value } = map.pairs.get(source) as YamlPair
  const text = textOf(problems, value, `"${source}"`)
  if (text === undefined) return undefined
  if (source === 'link') {
    const problem = targetProblem(text, depth - 1)
    if (problem !== undefined) problems.add(value.at, `the link cannot be kept: ${problem}`)
    return { kind: 'link', at, target: text, targetAt: value.at, ...meta }
  }
  if (source === 'file')
    return { kind: 'file', at, path: text, pathAt: value.at, ...readOf(problems, map, place), ...meta }
  const handle = handleOf(problems, text, value.at)
  if (handle === undefined) return undefined
  return { kind: 'package', at, handle: text, source: handle, handleAt: value.at, ...meta }
}

function checkLeafKey(problems: Problems, source: string, key: string, { at, value }: YamlPair): void {
  if (!leafKeys.includes(key)) {
    const what = value.kind === 'map' ? `; a node with "${source}" has no nodes below it` : ''
    problems.add(at, `unknown key ${quoted(key)}${suggestion(key, leafKeys)}${what}`)
  } else if (key !== source && sourceKeys.some((one) => one === key)) {
    problems.add(
      at,
      `a node has only one of file, package and link, and this one has "${source}" and "${key}"`,
    )
  } else if (source !== 'file' && ['transform', 'kwargs', 'checks'].includes(key)) {
    problems.add(at, `"${key}" is for files: a ${source} is taken as it is`)
  }
}

function handleOf(problems: Problems, text: string, at: Position): Handle | undefined {
  try {
    return parseHandle(text)
  } catch (error) {
    if (!isQuiltError(error, 'INVALID')) throw error
    problems.add(at, error.hint === undefined ? error.message : `${error.message}; ${error.hint}`)
    return undefined
  }
}

function metaIn(problems: Problems, map: YamlMap): { readonly meta?: ManifestMeta } {
  const meta = metaOf(problems, map.pairs.get('meta')?.value)
  return meta === undefined ? {} : { meta }
}

/** How a file is read: its own word before its groups', options merged name by name. */
function readOf(
  problems: Problems,
  map: YamlMap,
  { inherited }: Place,
): { readonly reading?: Reading; readonly checks: readonly NamedCheck[] } {
  const transform = map.pairs.get('transform')?.value
  const kwargs = map.pairs.get('kwargs')?.value
  const own = transform === undefined ? undefined : parserOf(problems, transform)
  const named = own ?? inherited.parser
  const parser = named === inferredParser ? undefined : named
  const options = { ...inherited.options, ...(kwargs === undefined ? undefined : kwargsOf(problems, kwargs)) }
  const checks = namedChecks(problems, map.pairs.get('checks')?.value)
  if (parser === undefined && Object.keys(options).length === 0) return { checks }
  return { reading: { parser: parser ?? inferredParser, options }, checks }
}

/** `transform: null` leaves the parser to the extension. */
function parserOf(problems: Problems, value: YamlValue): string | undefined {
  if (value.kind === 'scalar' && value.value === null) return undefined
  const text = textOf(problems, value, '"transform"')
  if (text === undefined || (text.length <= 64 && /^[\w.+-]+$/.test(text))) return text
  problems.add(value.at, `${quoted(text)} is no parser's name`)
  return undefined
}
