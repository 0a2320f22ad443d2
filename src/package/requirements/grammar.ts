// The grammar of quilt.yml: the original's entries and ours. Goes on after a mistake, so that all are found.
import { isQuiltError } from '../../core/base/error.ts'
import { isIdPrefix } from '../../core/model/id.ts'
import { formatPackageName, packageKey, parsePackageName } from '../../core/model/package-name.ts'
import { latest } from '../../core/model/ref-name.ts'
import { parseHandle, parseRevision, type Handle } from '../../core/model/revision.ts'
import { quoted, suggestion, type Position, type Problems } from '../manifest/problems.ts'
import { parseYaml, type YamlMap, type YamlValue } from '../manifest/yaml-value.ts'
import { isVersionRange, normalVersion } from '../names/version.ts'
import { askedText, requirementKey, type Requirement, type Selection } from './requirement.ts'

const topKeys = ['packages', 'remote']
const entryKeys = ['package', 'version', 'tag', 'hash', 'remote', 'as', 'meta-only']
/** The ways to say a revision beside the handle. */
const selectors = ['version', 'tag', 'hash'] as const
type Selector = (typeof selectors)[number]
/** Most entries. */
const mostEntries = 10_000

/** What the original's selectors are short for. */
const originals: Readonly<Record<string, Selector>> = {
  h: 'hash',
  hash: 'hash',
  t: 'tag',
  tag: 'tag',
  v: 'version',
  version: 'version',
}

/**
 * A quilt.yml's text as requirements, in the file's order. What is wrong is added to `problems`, all of it: check
 * these before the requirements are used.
 */
export async function parseRequirements(text: string, problems: Problems): Promise<readonly Requirement[]> {
  const value = await parseYaml(text, problems)
  if (value === undefined && problems.found.length > 0) return []
  const top = { line: 1, column: 1 }
  if (value?.kind !== 'map') {
    problems.add(value?.at ?? top, 'it must be a mapping with the key "packages"')
    return []
  }
  refuseOthers(problems, value, topKeys)
  const packages = value.pairs.get('packages')
  if (packages === undefined) {
    problems.add(top, 'the key "packages" is missing: for nothing at all write packages: []')
    return []
  }
  const usual = value.pairs.get('remote')
  const remote = usual === undefined ? undefined : textOf(problems, usual.value, 'a remote')
  const list = packages.value
  if (list.kind !== 'list') {
    const isEmpty = list.kind === 'scalar' && list.value === null
    problems.add(list.at, `"packages" must be a list${isEmpty ? ': for nothing at all write []' : ''}`)
    return []
  }
  if (list.items.length > mostEntries)
    problems.add(list.at, `it asks for more than ${String(mostEntries)} packages`)
  const read = list.items.slice(0, mostEntries).map((item) => entryOf(problems, item, remote))
  const requirements = read.filter((one) => one !== undefined)
  refuseDoubles(problems, requirements)
  return requirements
}

function refuseOthers(problems: Problems, map: YamlMap, known: readonly string[]): void {
  for (const [key, { at }] of map.pairs) {
    if (!known.includes(key)) problems.add(at, `unknown key ${quoted(key)}${suggestion(key, known)}`)
  }
}

function entryOf(problems: Problems, value: YamlValue, remote: string | undefined): Requirement | undefined {
  if (value.kind === 'map') return mappedEntry(problems, value, remote)
  const text = textOf(problems, value, 'an entry')
  if (text === undefined) return undefined
  const found = handleOf(problems, value.at, text)
  return found && { at: value.at, ...found, remote, as: undefined, metaOnly: false }
}

type Selected = Pick<Requirement, 'pkg' | 'path' | 'selection'>

/** `OWNER/NAME[/PATH]`, with `@REVISION` or one of the original's `:v:`, `:t:`, `:h:`, after which all is its value. */
function handleOf(problems: Problems, at: Position, text: string): Selected | undefined {
  const [, before = '', selector = '', value = ''] = /^(.*?):(h|hash|v|version|t|tag):(.*)$/s.exec(text) ?? []
  const handle = tried(problems, at, () => parseHandle(selector === '' ? text : before), hintFor(text))
  if (handle === undefined) return undefined
  const { pkg, path, revision } = handle
  if (selector === '') return { pkg, path, selection: plainSelection(revision) }
  if (revision !== undefined) {
    problems.add(at, `${quoted(text)} names two revisions`)
    return undefined
  }
  const selection = selectionOf(problems, at, originals[selector] as Selector, value)
  return selection && { pkg, path, selection }
}

/** The original's own documentation had an entry that the original refused. */
function hintFor(text: string): string {
  const [, before, hash] = /^([^:@]+):([0-9a-fA-F]{6,64})$/.exec(text) ?? []
  return before === undefined || hash === undefined ? '' : `; for a hash write ${before}@${hash}`
}

function plainSelection(revision: Handle['revision']): Selection {
  if (revision === undefined || (revision.name === latest && revision.back === 0)) return { kind: 'latest' }
  return { kind: 'revision', revision }
}

function selectionOf(
  problems: Problems,
  at: Position,
  selector: Selector,
  value: string,
): Selection | undefined {
  const text = value.trim()
  if (selector === 'version' && normalVersion(text) === undefined && isVersionRange(text))
    return { kind: 'range', range: text.replaceAll(/\s+/g, '') }
  const fits =
    selector === 'version'
      ? normalVersion(text) !== undefined
      : selector === 'hash'
        ? isIdPrefix(text)
        : text !== '' && normalVersion(text) === undefined && !isIdPrefix(text)
  if (!fits) {
    const hint = {
      version: 'write one as PEP 440 has it, such as 1.0, or a range of them: ">=1.0,<2"',
      hash: 'write 6 to 64 hex digits',
      tag: 'a tag does not read like a version or a hash',
    }[selector]
    problems.add(at, `${quoted(value)} is no ${selector}: ${hint}`)
    return undefined
  }
  const revision = tried(problems, at, () => parseRevision(selector === 'hash' ? text.toLowerCase() : text))
  return revision && plainSelection(revision)
}

function mappedEntry(problems: Problems, map: YamlMap, usual: string | undefined): Requirement | undefined {
  refuseOthers(problems, map, entryKeys)
  const get = (key: string, what: string): string | undefined => {
    const pair = map.pairs.get(key)
    return pair === undefined ? undefined : textOf(problems, pair.value, what)
  }
  const pair = map.pairs.get('package')
  if (pair === undefined) {
    problems.add(map.at, 'the key "package" is missing: OWNER/NAME')
    return undefined
  }
  const text = get('package', 'a package')
  const found = text === undefined ? undefined : handleOf(problems, pair.value.at, text)
  const given = selectors.filter((selector) => map.pairs.has(selector))
  const selection = given[0] === undefined ? undefined : selected(problems, map, given[0])
  if (found !== undefined && (given.length > 1 || (given.length === 1 && found.selection.kind !== 'latest')))
    problems.add(map.at, `${quoted(text ?? '')} is given more than one revision`)
  const remote = get('remote', 'a remote') ?? usual
  const name = get('as', 'a name')
  const asAt = map.pairs.get('as')?.value.at ?? map.at
  const as = name === undefined ? undefined : tried(problems, asAt, () => parsePackageName(name))
  const metaOnly = markOf(problems, map, 'meta-only')
  if (found === undefined) return undefined
  return { at: map.at, ...found, ...(selection && { selection }), remote, as, metaOnly }
}

/** A version may be written as a number, and means what is written. */
function selected(problems: Problems, map: YamlMap, selector: Selector): Selection | undefined {
  const value = map.pairs.get(selector)?.value
  if (value?.kind !== 'scalar' || value.value === null || typeof value.value === 'boolean') {
    problems.add(value?.at ?? map.at, `a ${selector} must be a text`)
    return undefined
  }
  const text = typeof value.value === 'string' ? value.value : value.source
  return selectionOf(problems, value.at, selector, text)
}

function markOf(problems: Problems, map: YamlMap, key: string): boolean {
  const value = map.pairs.get(key)?.value
  if (value === undefined) return false
  if (value.kind === 'scalar' && typeof value.value === 'boolean') return value.value
  problems.add(value.at, `"${key}" must be true or false`)
  return false
}

function textOf(problems: Problems, value: YamlValue, what: string): string | undefined {
  const text = value.kind === 'scalar' && typeof value.value === 'string' ? value.value.trim() : ''
  if (text !== '') return text
  problems.add(value.at, `${what} must be a text`)
  return undefined
}

function tried<T>(problems: Problems, at: Position, make: () => T, hint = ''): T | undefined {
  try {
    return make()
  } catch (error) {
    if (!isQuiltError(error, 'INVALID')) throw error
    problems.add(at, `${error.message}${hint}`)
    return undefined
  }
}

/** A package has one latest here, so all that is asked of it must be of one revision. */
function refuseDoubles(problems: Problems, requirements: readonly Requirement[]): void {
  const keys = new Map<string, Requirement>()
  const names = new Map<string, Requirement>()
  for (const one of requirements) {
    const here = one.as ?? one.pkg
    const same = keys.get(requirementKey(one))
    const other = names.get(packageKey(here))
    if (same !== undefined) {
      problems.add(one.at, `${quoted(askedText(one))} stands twice: first in line ${String(same.at.line)}`)
    } else if (other !== undefined && whole(other) !== whole(one)) {
      problems.add(
        one.at,
        `line ${String(other.at.line)} asks for another revision of ${formatPackageName(here)}: give one of the two another name, by "as"`,
      )
    }
    keys.set(requirementKey(one), one)
    names.set(packageKey(here), one)
  }
}

function whole(requirement: Requirement): string {
  return askedText({ ...requirement, path: '' })
}
