// YAML 1.2 text into values that know where they stand. What YAML could be abused for ends here: tags, merges, bombs.
import type { Document, LineCounter, Node, ParsedNode } from 'yaml'
import { isWellFormed } from '../../core/base/bytes.ts'
import { quoted, type Position, type Problems } from './problems.ts'

/** A value of a build file. An alias is the very value that it names, so these may share parts; never in a circle. */
export type YamlValue = YamlMap | YamlList | YamlScalar

/** A mapping; every key is a string and stands once. */
export interface YamlMap {
  readonly kind: 'map'
  readonly at: Position
  readonly pairs: ReadonlyMap<string, YamlPair>
}

/** A key and its value. */
export interface YamlPair {
  readonly at: Position
  readonly value: YamlValue
}

/** A sequence. */
export interface YamlList {
  readonly kind: 'list'
  readonly at: Position
  readonly items: readonly YamlValue[]
}

/** Anything else. `source` is a plain scalar's own text. */
export interface YamlScalar {
  readonly kind: 'scalar'
  readonly at: Position
  readonly value: string | number | boolean | null
  readonly source: string
}

/** Largest build file, in bytes. */
export const manifestBytes: number = 16 * 1024 * 1024
/** Most values in a build file. */
export const manifestValues = 500_000
/** Deepest nesting in a build file: the deepest package, and metadata in its deepest node. */
const manifestDepth = 600
/** Most aliases in a build file. */
const manifestAliases = 10_000
/** Most words and signs: what is this long is refused before it is held as values. */
const mostLexemes = 2_000_000

const start: Position = { line: 1, column: 1 }

/**
 * The one value of a YAML text; `undefined` when it cannot be read, or holds none. Everything wrong is added to
 * `problems`.
 */
export async function parseYaml(text: string, problems: Problems): Promise<YamlValue | undefined> {
  const yaml = await importYaml()
  const lines = new yaml.LineCounter()
  const document = composeDocument(yaml, text, { lines, problems })
  if (document === undefined) return undefined
  const run: Run = { yaml, lines, problems, anchors: new Map(), open: new Set(), values: 0, aliases: 0 }
  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    problems.add(positionOf(lines, pos[0]), lowerFirst(message))
  }
  const { explicit, version } = document.directives.yaml
  if (explicit === true && version !== '1.2') problems.add(start, `the file must be YAML 1.2, not ${version}`)
  if (document.contents === null || problems.found.length > 0) return undefined
  return valueOf(run, document.contents)
}

type Yaml = typeof import('yaml')

/** In the command line's bundle a CommonJS package comes as the default export alone. */
async function importYaml(): Promise<Yaml> {
  const loaded: Yaml & { readonly default?: Yaml } = await import('yaml')
  return loaded.default ?? loaded
}

interface Run {
  readonly yaml: Yaml
  readonly lines: LineCounter
  readonly problems: Problems
  readonly anchors: Map<string, YamlValue | 'open'>
  readonly open: Set<string>
  values: number
  aliases: number
}

/** The text's one document. It is gone through sign by sign first, so that no depth or number overwhelms what composes it. */
function composeDocument(
  { Lexer, Parser, Composer }: Yaml,
  text: string,
  { lines, problems }: { readonly lines: LineCounter; readonly problems: Problems },
): Document.Parsed<ParsedNode> | undefined {
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  const tokens = []
  let lexemes = 0
  let nested = 0
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme === '[' || lexeme === '{') nested++
    else if (lexeme === ']' || lexeme === '}') nested = Math.max(0, nested - 1)
    if (++lexemes > mostLexemes || nested > manifestDepth) return tooMuch(problems, lexemes > mostLexemes)
    for (const token of parser.next(lexeme)) tokens.push(token)
  }
  for (const token of parser.end()) tokens.push(token)
  if (isTooDeep(tokens)) return tooMuch(problems, false)
  const options = { version: '1.2', uniqueKeys: false, prettyErrors: false, resolveKnownTags: false } as const
  const documents = [...new Composer(options).compose(tokens, true, text.length)]
  const [document, second] = documents as readonly Document.Parsed<ParsedNode>[]
  if (second === undefined) return document
  problems.add(positionOf(lines, second.range[0]), 'the file holds one document, and this is a second one')
  return undefined
}

function tooMuch(problems: Problems, isLong: boolean): undefined {
  problems.add(
    start,
    isLong
      ? `it holds more than ${String(manifestValues)} values`
      : `it is nested deeper than ${String(manifestDepth)} levels`,
  )
}

/** Whether tokens nest too deep, found without recursion. */
function isTooDeep(tokens: readonly unknown[]): boolean {
  let level: unknown[] = [...tokens]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > manifestDepth + 2) return true
    const below: unknown[] = []
    for (const token of level) {
      if (typeof token !== 'object' || token === null) continue
      if ('items' in token && Array.isArray(token.items)) {
        for (const item of token.items as readonly { key?: unknown; value?: unknown }[])
          below.push(item.key, item.value)
      } else if ('value' in token) below.push(token.value)
    }
    level = below
  }
  return false
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return line === 0 ? start : { line, column: col }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

/** Tags that say no more than the value itself. */
const plainTags = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((tag) => `tag:yaml.org,2002:${tag}`),
)

/** Depth was bounded before, so this may recurse. */
function valueOf(run: Run, node: Node | null): YamlValue | undefined {
  const { yaml, problems } = run
  const at = positionOf(run.lines, node?.range?.[0] ?? 0)
  if (++run.values > manifestValues) {
    if (run.values === manifestValues + 1)
      problems.add(at, `it holds more than ${String(manifestValues)} values`)
    return undefined
  }
  if (yaml.isAlias(node)) return aliased(run, node.source, at)
  const tag = node !== null && 'tag' in node ? (node.tag as string | undefined) : undefined
  if (tag !== undefined && tag !== '!' && !plainTags.has(tag)) {
    problems.add(at, `the tag ${quoted(tag)} is not allowed: only plain values are`)
    return undefined
  }
  const anchor = node !== null && 'anchor' in node ? (node.anchor as string | undefined) : undefined
  if (anchor !== undefined) run.anchors.set(anchor, 'open')
  const value = plainValue(run, node, at)
  if (anchor !== undefined && value !== undefined) run.anchors.set(anchor, value)
  return value
}

function aliased(run: Run, name: string, at: Position): YamlValue | undefined {
  const value = run.anchors.get(name)
  if (++run.aliases > manifestAliases)
    run.problems.add(at, `it holds more than ${String(manifestAliases)} aliases`)
  else if (value === undefined) run.problems.add(at, `no anchor &${name} stands before the alias *${name}`)
  else if (value === 'open') run.problems.add(at, `the alias *${name} stands inside what it names`)
  return run.aliases > manifestAliases || value === 'open' ? undefined : value
}

function plainValue(run: Run, node: Node | null, at: Position): YamlValue | undefined {
  const { yaml } = run
  if (yaml.isMap(node)) return { kind: 'map', at, pairs: pairsOf(run, node.items as readonly RawPair[]) }
  if (yaml.isSeq(node)) {
    const items = node.items.map((item) => valueOf(run, item as Node | null))
    return { kind: 'list', at, items: items.filter((item) => item !== undefined) }
  }
  if (!yaml.isScalar(node)) return { kind: 'scalar', at, value: null, source: '' }
  const { value } = node
  if (typeof value === 'string' && !isWellFormed(value)) {
    run.problems.add(at, 'this text is no valid Unicode')
    return undefined
  }
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) {
    return { kind: 'scalar', at, value: value as YamlScalar['value'], source: node.source ?? '' }
  }
  run.problems.add(at, 'only plain values are allowed')
  return undefined
}

interface RawPair {
  readonly key: Node | null
  readonly value: Node | null
}

function pairsOf(run: Run, items: readonly RawPair[]): ReadonlyMap<string, YamlPair> {
  const pairs = new Map<string, YamlPair>()
  for (const { key, value } of items) {
    const at = positionOf(run.lines, key?.range?.[0] ?? value?.range?.[0] ?? 0)
    const name = keyOf(run, key, at)
    const read = valueOf(run, value)
    if (name === undefined || read === undefined) continue
    // A value that is not there at all stands where its key does.
    const known = pairs.get(name)
    if (known === undefined) pairs.set(name, { at, value: read.at.line === 0 ? { ...read, at } : read })
    else run.problems.add(at, `the key ${quoted(name)} stands twice: first in line ${String(known.at.line)}`)
  }
  return pairs
}

/** A key's text. A number, a boolean or nothing would be another text in another program. */
function keyOf(run: Run, key: Node | null, at: Position): string | undefined {
  const { yaml, problems } = run
  run.values++
  if (!yaml.isScalar(key)) {
    problems.add(
      at,
      yaml.isAlias(key) ? 'an alias cannot be a key' : 'a key must be a text, in quotes if need be',
    )
    return undefined
  }
  const { value, source = '' } = key
  if (typeof value !== 'string') {
    problems.add(
      at,
      source === ''
        ? 'a key is empty, and must be a text'
        : `the key ${source} is no text, and must be one: write "${source}"`,
    )
    return undefined
  }
  if (value === '<<' && key.type === 'PLAIN') {
    problems.add(
      at,
      'merge keys are not part of YAML 1.2: repeat what is to be merged, or write "<<" for the name',
    )
    return undefined
  }
  if (isWellFormed(value)) return value
  problems.add(at, 'this key is no valid Unicode')
  return undefined
}
