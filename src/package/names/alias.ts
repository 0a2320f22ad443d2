// Aliases: the Python identifiers that Quilt 2 gave to files and folders, so that old code finds its nodes.
import type { Entry } from '../../core/model/entry.ts'

/** Words that are no identifiers in Python 3; Quilt 2 refused them. */
const keywords = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from ' +
    'global if import in is lambda nonlocal not or pass raise return try while with yield'
  ).split(' '),
)

/**
 * The identifier for a text: every other character is `_`, none at either end, no digit first.
 * @returns `undefined` where Quilt 2 found none
 * @example identifierOf('9foo') // 'n9foo'
 */
export function identifierOf(text: string): string | undefined {
  const plain = [...text].map((c) => (/^[0-9A-Za-z_]$/.test(c) ? c : '_')).join('')
  const trimmed = plain.replace(/^_+|_+$/g, '')
  const name = /^[0-9]/.test(trimmed) ? `n${trimmed}` : trimmed
  return name === '' || keywords.has(name) ? undefined : name
}

/**
 * The aliases of one folder's entries, each with the real names that it may mean: a file's is that of its name
 * without the last extension, or of the whole name where others would have the same.
 */
export function aliasesOf(
  entries: readonly Pick<Entry, 'name' | 'type'>[],
): ReadonlyMap<string, readonly string[]> {
  const short = new Map<string, Pick<Entry, 'name' | 'type'>[]>()
  for (const entry of entries)
    add(short, identifierOf(entry.type === 'group' ? entry.name : stem(entry.name)), entry)
  const aliases = new Map<string, string[]>()
  for (const [alias, same] of short) {
    for (const { name, type } of same) {
      const whole = same.length > 1 && type !== 'group' && stem(name) !== name
      add(aliases, whole ? identifierOf(name) : alias, name)
    }
  }
  return aliases
}

function add<T>(map: Map<string, T[]>, key: string | undefined, value: T): void {
  if (key === undefined) return
  const known = map.get(key)
  if (known === undefined) map.set(key, [value])
  else known.push(value)
}

/** A name without its last extension; one that begins with its only dot has none. */
function stem(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot <= 0 ? name : name.slice(0, dot)
}
