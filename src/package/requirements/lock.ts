// quilt.lock: what a quilt.yml came to, to the hash. JSON in one form only, so that it can be compared line by line.
import { compareText } from '../../core/base/bytes.ts'
import { QuiltError } from '../../core/base/error.ts'
import { isId, type Id } from '../../core/model/id.ts'
import { formatPackageName, parsePackageName, type PackageName } from '../../core/model/package-name.ts'
import { quoted, type Problems } from '../manifest/problems.ts'
import { parseYaml, type YamlMap, type YamlValue } from '../manifest/yaml-value.ts'
import { lockKey } from './requirement.ts'

/** What one requirement came to. */
export interface LockEntry {
  /** The name here. */
  readonly package: PackageName
  /** '' for all of it. */
  readonly path: string
  /** What was asked for, as `askedText` writes it. */
  readonly asked: string
  readonly topHash: Id
  readonly commit: Id
  /** The highest version that the commit had then. */
  readonly version: string | undefined
  /** Where it came from. */
  readonly remote: string
}

/** The version of the lock's own format. */
const format = 1
/** What every entry says. */
const required = ['asked', 'commit', 'package', 'remote', 'topHash'] as const

/** A lock's text: keys and entries sorted, an entry's line for each key. The same entries give the same text. */
export function formatLock(entries: readonly LockEntry[]): string {
  const packages = entries
    .map((entry) => ({
      asked: entry.asked,
      commit: entry.commit,
      package: formatPackageName(entry.package),
      ...(entry.path === '' ? undefined : { path: entry.path }),
      remote: entry.remote,
      topHash: entry.topHash,
      ...(entry.version === undefined ? undefined : { version: entry.version }),
    }))
    .sort((a, b) => compareText(a.package, b.package) || compareText(a.path ?? '', b.path ?? ''))
  return `${JSON.stringify({ lockVersion: format, packages }, null, 2)}\n`
}

/**
 * A lock's entries by their keys, as `requirementKey` gives them. What else a lock of this format says is passed over.
 * @throws UNSUPPORTED for a lock of a newer format; INVALID listing every problem
 */
export async function parseLock(text: string, problems: Problems): Promise<ReadonlyMap<string, LockEntry>> {
  if (/^(<{7}|>{7}|={7})( |$)/m.test(text)) {
    throw new QuiltError('INVALID', `${problems.file} holds a merge that was not settled`, {
      hint: 'take either side of it, then bring it up to date with: quilt install',
    })
  }
  const value = await parseYaml(text, problems)
  problems.check()
  const entries = new Map<string, LockEntry>()
  for (const item of itemsOf(problems, value)) readEntry(problems, item, entries)
  problems.check()
  return entries
}

/** What the lock lists, once its version is known to be ours. */
function itemsOf(problems: Problems, value: YamlValue | undefined): readonly YamlValue[] {
  const top = { line: 1, column: 1 }
  const pairs = value?.kind === 'map' ? value.pairs : undefined
  const version = pairs?.get('lockVersion')?.value
  if (!isFormat(problems, version)) {
    const at = version?.at ?? value?.at ?? top
    problems.add(at, `it must be a mapping with "lockVersion": ${String(format)}`)
    return []
  }
  const list = pairs?.get('packages')?.value
  if (list?.kind === 'list') return list.items
  problems.add(list?.at ?? top, '"packages" must be a list')
  return []
}

/** @throws UNSUPPORTED for a newer format */
function isFormat(problems: Problems, version: YamlValue | undefined): boolean {
  const number = version?.kind === 'scalar' ? version.value : undefined
  if (typeof number === 'number' && Number.isSafeInteger(number) && number > format)
    throw newer(problems, number)
  return number === format
}

function newer({ file }: Problems, version: number): QuiltError {
  return new QuiltError(
    'UNSUPPORTED',
    `${file} has version ${String(version)}, made by a newer version of quilt`,
    {
      hint: 'upgrade quilt-ts to use it',
    },
  )
}

function readEntry(problems: Problems, value: YamlValue, entries: Map<string, LockEntry>): void {
  if (value.kind !== 'map') {
    problems.add(value.at, 'an entry must be a mapping')
    return
  }
  const texts = new Map(required.map((key) => [key, textAt(problems, value, key)]))
  const name = texts.get('package') ?? ''
  let pkg: PackageName
  try {
    pkg = parsePackageName(name)
  } catch {
    if (name !== '') problems.add(value.at, `${quoted(name)} is no package`)
    return
  }
  const [topHash = '', commit = ''] = [texts.get('topHash'), texts.get('commit')]
  for (const hash of [topHash, commit])
    if (hash !== '' && !isId(hash)) problems.add(value.at, `${quoted(hash)} is no hash of 64 digits`)
  const path = value.pairs.has('path') ? (textAt(problems, value, 'path') ?? '') : ''
  const version = value.pairs.has('version') ? textAt(problems, value, 'version') : undefined
  const [asked, remote] = [texts.get('asked'), texts.get('remote')]
  if (!isId(topHash) || !isId(commit) || asked === undefined || remote === undefined) return
  const key = lockKey(pkg, path)
  if (entries.has(key)) problems.add(value.at, `${quoted(name)} stands twice`)
  entries.set(key, { package: pkg, path, asked, topHash, commit, version, remote })
}

function textAt(problems: Problems, map: YamlMap, key: string): string | undefined {
  const value = map.pairs.get(key)?.value
  if (value?.kind === 'scalar' && typeof value.value === 'string' && value.value !== '') return value.value
  problems.add(value?.at ?? map.at, `"${key}" must be a text`)
  return undefined
}
