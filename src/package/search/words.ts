// Words of texts, as search compares them: without case, marks and the plural's s; and how well texts say them.

/** A kind of text, and how much it counts when it says a word. */
const weights = { name: 8, part: 4, node: 2, metadata: 2, readme: 1 } as const

/** Where a word was found. */
export type Field = keyof typeof weights

/** Words that say nothing; they count when a query has no others. */
const stopWords = new Set(
  'a an and are as at be by for from has have in is it its of on or that the this to was were will with'.split(
    ' ',
  ),
)
/** A word that only begins as asked counts for less. */
const prefixPart = 0.5
/** Most words of a query. */
const mostWords = 32

/**
 * The words of a text: runs of letters and digits, those of `camelCase`, `dog2cats` and `snake_case` apart.
 * @example wordsOf('WineReviews_2019') // ['wine', 'review', '2019']
 */
export function wordsOf(text: string): readonly string[] {
  const apart = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/(?<=\p{L})(?=\p{Nd})|(?<=\p{Nd})(?=\p{L})/gu, ' ')
  return (apart.match(/[\p{L}\p{N}]+/gu) ?? []).map(normalWord)
}

function normalWord(word: string): string {
  const lower = word.toLowerCase()
  return lower.length > 3 && lower.endsWith('s') && !/(ss|us|is)$/.test(lower) ? lower.slice(0, -1) : lower
}

/** The words that a query asks for; none when it says nothing. */
export function queryWords(query: readonly string[]): readonly string[] {
  const words = [...new Set(query.flatMap(wordsOf))].slice(0, mostWords)
  const telling = words.filter((word) => !stopWords.has(word))
  return telling.length > 0 ? telling : words
}

/** Listens to texts for the words of a query. */
export interface Listener {
  hear(text: string, field: Field): void
  /** How well all words were heard, from 0 to 1; `undefined` when one was not heard at all. */
  rank(): number | undefined
  /** Where words were heard. */
  readonly fields: ReadonlySet<Field>
  /** True when no text of this kind can make the rank better. */
  satisfied(field: Field): boolean
}

/** A listener for these words. It keeps a number for each word, whatever it hears. */
export function listener(words: readonly string[]): Listener {
  const best = new Float64Array(words.length)
  const fields = new Set<Field>()
  return {
    hear: (text, field) => {
      for (const heard of wordsOf(text)) {
        for (const [i, word] of words.entries()) {
          if (!heard.startsWith(word)) continue
          fields.add(field)
          const score = weights[field] * (heard === word ? 1 : prefixPart)
          best[i] = Math.max(best[i] as number, score)
        }
      }
    },
    rank: () => {
      if (best.some((score) => score === 0)) return undefined
      return best.reduce((sum, score) => sum + score, 0) / (words.length * weights.name)
    },
    fields,
    satisfied: (field) => best.every((score) => score >= weights[field]),
  }
}
