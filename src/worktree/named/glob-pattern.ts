// Patterns as Python's pathlib has them: part by part, `*`, `?`, `[abc]`, `[!a-z]`, and `**` for any folders. Matching
// takes time in proportion to pattern and name: a pattern from a file never costs more.

/** One part of a pattern, between slashes. */
export type PatternPart =
  | { readonly kind: 'folders' }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'match'; readonly matches: (name: string) => boolean }

/** Most parts of a pattern. */
const mostParts = 256

/** Why a pattern cannot be, or `undefined` when it can. */
export function partsProblem(pattern: string): string | undefined {
  if (pattern.startsWith('/')) return 'it is absolute: patterns are relative to the build file'
  if (pattern.includes('\0')) return 'it holds a NUL'
  const parts = split(pattern)
  if (parts.length > mostParts) return `it has more than ${String(mostParts)} parts`
  if (parts.some((part) => part.includes('**') && part !== '**')) return '"**" stands alone between slashes'
  const climbs = parts.lastIndexOf('..')
  if (climbs >= 0 && parts.slice(0, climbs).some((part) => part !== '..'))
    return '".." stands only at its beginning'
  return undefined
}

function split(pattern: string): readonly string[] {
  return pattern.split('/').filter((part) => part !== '' && part !== '.')
}

/** A pattern's parts, `**` next to another of them left out. It must have no `partsProblem`. */
export function partsOf(pattern: string): readonly PatternPart[] {
  const texts = split(pattern).filter((part, i, all) => part !== '**' || all[i - 1] !== '**')
  return texts.map((text): PatternPart => {
    if (text === '**') return { kind: 'folders' }
    return /[*?[]/.test(text) ? { kind: 'match', matches: nameMatcher(text) } : { kind: 'name', name: text }
  })
}

/** One sign of a part: any run of characters, any one, one of a set, or itself. */
type Sign = 'run' | 'any' | string | ((char: string) => boolean)

/** Tells whether a name matches one part of a pattern, as Python's fnmatch does; upper and lower case differ. */
export function nameMatcher(part: string): (name: string) => boolean {
  const signs = signsOf([...part])
  return (name) => {
    const chars = [...name]
    let [at, sign] = [0, 0]
    let [retryAt, retrySign] = [-1, -1] // back to the last run only: an earlier one could match no more
    while (at < chars.length) {
      const want = signs[sign]
      if (want === 'run') {
        retryAt = at
        retrySign = ++sign
      } else if (want !== undefined && fits(want, chars[at] as string)) {
        at++
        sign++
      } else if (retrySign < 0) return false
      else {
        at = ++retryAt
        sign = retrySign
      }
    }
    while (signs[sign] === 'run') sign++
    return sign === signs.length
  }
}

function fits(sign: Sign, char: string): boolean {
  return sign === 'any' || (typeof sign === 'function' ? sign(char) : sign === char)
}

function signsOf(chars: readonly string[]): readonly Sign[] {
  const signs: Sign[] = []
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] as string
    const end = char === '[' ? setEnd(chars, i) : -1
    if (char === '*') signs.push('run')
    else if (char === '?') signs.push('any')
    else if (end < 0) signs.push(char)
    else {
      signs.push(setOf(chars.slice(i + 1, end)))
      i = end
    }
  }
  return signs
}

/** Where a set ends; a `]` right at its beginning belongs to it. Below 0: it never does, and `[` is itself. */
function setEnd(chars: readonly string[], start: number): number {
  let from = start + 1
  if (chars[from] === '!') from++
  if (chars[from] === ']') from++
  return chars.indexOf(']', from)
}

function setOf(inside: readonly string[]): (char: string) => boolean {
  const not = inside[0] === '!'
  const chars = not ? inside.slice(1) : inside
  const single = new Set<string>()
  const ranges: (readonly [number, number])[] = []
  for (let i = 0; i < chars.length; i++) {
    const [char = '', dash, last] = [chars[i], chars[i + 1], chars[i + 2]]
    if (dash === '-' && last !== undefined) {
      ranges.push([char.codePointAt(0) ?? 0, last.codePointAt(0) ?? 0])
      i += 2
    } else single.add(char)
  }
  return (char) => {
    const code = char.codePointAt(0) ?? 0
    return not !== (single.has(char) || ranges.some(([from, to]) => code >= from && code <= to))
  }
}
