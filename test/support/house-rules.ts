// The house's rules (house.md section 2) over sources as data: pure, so that planted violations run through it.
import { posix } from 'node:path'
import { isBelow, roomOf, viewProblem } from './house-floors.ts'
import { importsOf, tokenize, type Import, type Token } from './source-tokens.ts'

/** A source by its path in the repository: `src/core/base/error.ts`. */
export interface Source {
  readonly path: string
  readonly text: string
}

/** A rule that was broken, and where. */
export interface Finding {
  readonly rule: RuleName
  readonly path: string
  readonly line: number
  readonly message: string
}

/** Every rule there is; the test plants a violation of each. */
export const ruleNames = [
  'room',
  'floor',
  'unresolved',
  'node',
  'packages',
  'ambient',
  'printing',
  'cycle',
  'export-all',
  'index',
  'default-export',
  'name',
  'lines',
  'folder',
  'heavy',
  'dynamic',
] as const
export type RuleName = (typeof ruleNames)[number]

/** A source, read. `src` is its path under src, `undefined` for a test. */
interface Read extends Source {
  readonly src: string | undefined
  readonly tokens: readonly Token[]
  readonly imports: readonly Import[]
}

/** Where `node:` may be imported, beside `*-node.ts`. */
const nodeRooms = [
  'worktree/',
  'table/',
  'plugins/',
  'registry/server/',
  'registry/client/',
  'session/',
  'cli/',
  'commands/',
  'register/',
  'testing/',
]
/** Where the process, clocks and randomness may be used. */
const ambientRooms = ['cli/', 'commands/', 'session/', 'register/', 'index.ts', 'registry/server/entry.ts']
const corePackages = new Set(['msgpackr', '@noble/hashes', 'fzstd', '@bokuweb/zstd-wasm', '@mongodb-js/zstd'])
const heavyPackages = [
  '@duckdb/',
  'duckdb',
  '@uwdata/',
  'sharp',
  'read-excel-file',
  'image-size',
  '@aws-sdk/',
  'fastify',
  '@clack/prompts',
  'level',
  'classic-level',
  'cli-progress',
  'string-width',
  'yaml',
]
const badNames = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'manager', 'managers'])
const mostLines = 400
const mostFiles = 16
/** The package's own import names, and the files that they may mean. */
const subpaths: Readonly<Record<string, string>> = {
  '#hash': 'core/codec/hash-node.ts',
  '#threads': 'core/store/threads/threads-node.ts',
  '#zstd': 'core/codec/zstd-node.ts',
}

/** Everything wrong with these sources, in their order. */
export function checkHouse(sources: readonly Source[]): readonly Finding[] {
  const read = sources.map(readSource)
  const paths = new Set(sources.map((source) => source.path))
  return [
    ...read.flatMap((file) => [...checkNames(file), ...checkSize(file), ...checkExports(file)]),
    ...read.flatMap((file) =>
      file.src === undefined ? [] : [...checkImports(file, paths), ...checkAmbient(file)],
    ),
    ...checkFolders(read),
    ...checkCycles(read),
  ]
}

/** What a source imports, as `checkHouse` sees it. */
export function importsOfSource(source: Source): readonly Import[] {
  return readSource(source).imports
}

function readSource(source: Source): Read {
  const tokens = tokenize(source.text)
  const src = source.path.startsWith('src/') ? source.path.slice(4) : undefined
  return { ...source, src, tokens, imports: importsOf(tokens) }
}

function finding(rule: RuleName, file: Source, line: number, message: string): Finding {
  return { rule, path: file.path, line, message }
}

/** The path under src that an import means, `undefined` for a package. */
function targetOf(file: Read, module: string): string | undefined {
  if (subpaths[module] !== undefined) return subpaths[module]
  if (!module.startsWith('.') || file.src === undefined) return undefined
  return posix.join(posix.dirname(file.src), module)
}

function* checkImports(file: Read, paths: ReadonlySet<string>): Generator<Finding> {
  const src = file.src as string
  if (roomOf(src) === undefined)
    yield finding('room', file, 1, 'stands in no room of the house: see house.md section 1')
  for (const { module, form, line } of file.imports) {
    const target = targetOf(file, module)
    if (target !== undefined) {
      const problem = viewProblem(src, target)
      if (problem !== undefined) yield finding('floor', file, line, `imports ${module}: ${problem}`)
      if (module.startsWith('.') && !paths.has(`src/${target}`)) {
        yield finding('unresolved', file, line, `imports ${module}, which is not there`)
      }
    } else if (module.startsWith('node:')) {
      if (!isBelow(src, nodeRooms) && !src.endsWith('-node.ts')) {
        yield finding('node', file, line, `imports ${module}: this room runs in a browser`)
      }
    } else if (module === '?') yield finding('dynamic', file, line, 'imports what no literal names')
    else yield* checkPackage(file, { module, form, line })
  }
}

function* checkPackage(file: Read, { module, form, line }: Import): Generator<Finding> {
  const src = file.src as string
  const name = module
    .split('/')
    .slice(0, module.startsWith('@') ? 2 : 1)
    .join('/')
  if (src.startsWith('core/') && (!corePackages.has(name) || !src.startsWith('core/codec/'))) {
    yield finding(
      'packages',
      file,
      line,
      `imports ${module}: core knows msgpackr, noble and zstd, in codec only`,
    )
  }
  if (form === 'static' || form === 'reexport') {
    if (heavyPackages.some((heavy) => (heavy.endsWith('/') ? module.startsWith(heavy) : name === heavy))) {
      yield finding(
        'heavy',
        file,
        line,
        `imports ${module} at once: import it inside the function that needs it`,
      )
    }
  }
}

function* checkAmbient(file: Read): Generator<Finding> {
  const src = file.src as string
  const printing = src === 'cli/output.ts' || src === 'registry/server/entry.ts'
  const ambient = isBelow(src, ambientRooms)
  for (let i = 0; i < file.tokens.length; i++) {
    const use = ambientUse(file.tokens, i)
    if (use === undefined) continue
    const { line } = file.tokens[i] as Token
    if (!ambient)
      yield finding('ambient', file, line, `uses ${use}: only cli, commands, session and src/index.ts may`)
    else if (!printing && (use === 'console' || /^process\.std(out|err)\.write$/.test(use))) {
      if (src !== 'cli/main.ts')
        yield finding('printing', file, line, `uses ${use}: only cli/output.ts prints`)
    }
  }
}

/** What of the outside world the token at `i` reaches for: the process, a clock, randomness. */
function ambientUse(tokens: readonly Token[], i: number): string | undefined {
  const token = tokens[i] as Token
  const text = (offset: number): string => tokens[i + offset]?.text ?? ''
  if (token.kind !== 'word' || (text(-1) === '.' && text(-2) !== 'globalThis')) return undefined
  const isKey = text(1) === ':' && '{,'.includes(text(-1)) && text(-1) !== ''
  if (isKey) return undefined
  switch (token.text) {
    case 'process':
      return text(1) !== '.' ? 'process' : `process.${text(2)}${text(3) === '.' ? `.${text(4)}` : ''}`
    case 'console':
      return 'console'
    case 'Date':
      if (text(1) === '.' && text(2) === 'now') return 'Date.now()'
      return text(-1) === 'new' && (text(1) !== '(' || text(2) === ')') ? 'new Date()' : undefined
    case 'Math':
      return text(1) === '.' && text(2) === 'random' ? 'Math.random' : undefined
    case 'performance':
      return text(1) === '.' && text(2) === 'now' ? 'performance.now()' : undefined
    case 'randomUUID':
    case 'randomBytes':
    case 'randomInt':
    case 'randomFillSync':
    case 'getRandomValues':
      return token.text
    case 'crypto':
      return text(1) === '.' && /^(random|getRandom)/.test(text(2)) ? `crypto.${text(2)}` : undefined
    default:
      return undefined
  }
}

function* checkExports(file: Read): Generator<Finding> {
  const { tokens } = file
  const plugin = isBelow(file.src ?? '', ['commands/', 'plugins/backends/', 'plugins/parsers/'])
  const fixture = file.path.startsWith('test/fixtures/')
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token
    if (token.kind !== 'word' || token.text !== 'export' || tokens[i - 1]?.text === '.') continue
    const next = tokens[i + 1]?.text === 'type' ? tokens[i + 2] : tokens[i + 1]
    if (next?.text === '*') yield finding('export-all', file, token.line, 'export *: list the names by hand')
    if (plugin || fixture) continue
    if (next?.text === 'default' || exportsDefault(tokens, i + 1)) {
      yield finding(
        'default-export',
        file,
        token.line,
        'a default export: only commands and plugins have one',
      )
    }
  }
}

/** `export { a as default }` */
function exportsDefault(tokens: readonly Token[], from: number): boolean {
  if (tokens[from]?.text !== '{') return false
  const end = tokens.findIndex((token, i) => i > from && token.text === '}')
  return tokens
    .slice(from, end)
    .some((token, i, all) => token.text === 'default' && all[i - 1]?.text === 'as')
}

function* checkNames(file: Read): Generator<Finding> {
  if (posix.basename(file.path) === 'index.ts' && file.path !== 'src/index.ts') {
    yield finding('index', file, 1, 'an index.ts in a folder: import the file itself')
  }
  const bad = file.path
    .replace(/\.ts$/, '')
    .split(/[/.-]/)
    .find((part) => badNames.has(part))
  if (bad !== undefined) yield finding('name', file, 1, `"${bad}" names a drawer, not a concept`)
  const seen = new Set<string>()
  for (const { kind, text, line } of file.tokens) {
    if (kind !== 'word' || seen.has(text)) continue
    seen.add(text)
    if (/(?:Utils|Helpers?|Managers?)$|^(?:utils|helpers?|managers?)$/.test(text)) {
      yield finding('name', file, line, `"${text}" names a drawer, not a concept`)
    }
  }
}

function* checkSize(file: Read): Generator<Finding> {
  const lines = file.text.split('\n').length - (file.text.endsWith('\n') ? 1 : 0)
  if (lines > mostLines)
    yield finding('lines', file, mostLines, `${String(lines)} lines: more than ${String(mostLines)}`)
}

function* checkFolders(files: readonly Read[]): Generator<Finding> {
  const folders = new Map<string, Read[]>()
  for (const file of files) {
    if (file.src === undefined || file.src.startsWith('commands/')) continue
    const folder = posix.dirname(file.path)
    folders.set(folder, [...(folders.get(folder) ?? []), file])
  }
  for (const [folder, inside] of folders) {
    if (inside.length <= mostFiles) continue
    const message = `${String(inside.length)} files in ${folder}: more than ${String(mostFiles)}, split it by concept`
    yield finding('folder', inside[0] as Read, 1, message)
  }
}

/** Imports that lead back to where they began, types counted; each knot is told once. */
function* checkCycles(files: readonly Read[]): Generator<Finding> {
  const edges = new Map<string, readonly string[]>()
  const byPath = new Map<string, Read>()
  for (const file of files) {
    if (file.src === undefined) continue
    byPath.set(file.src, file)
    edges.set(
      file.src,
      file.imports.flatMap(({ module }) => targetOf(file, module) ?? []),
    )
  }
  const done = new Set<string>()
  const told = new Set<string>()
  for (const start of edges.keys()) {
    const cycle = findCycle(start, edges, done, [])
    const knot = cycle === undefined ? '' : [...new Set(cycle)].sort().join(' ')
    if (cycle !== undefined && !told.has(knot)) {
      told.add(knot)
      yield finding(
        'cycle',
        byPath.get(cycle[0] as string) as Read,
        1,
        `imports itself: ${cycle.join(' > ')}`,
      )
    }
  }
}

function findCycle(
  at: string,
  edges: ReadonlyMap<string, readonly string[]>,
  done: Set<string>,
  way: readonly string[],
): readonly string[] | undefined {
  const before = way.indexOf(at)
  if (before >= 0) return [...way.slice(before), at]
  if (done.has(at)) return undefined
  for (const next of edges.get(at) ?? []) {
    const cycle = findCycle(next, edges, done, [...way, at])
    if (cycle !== undefined) return cycle
  }
  done.add(at)
  return undefined
}
