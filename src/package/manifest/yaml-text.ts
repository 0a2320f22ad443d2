// Texts and nodes as YAML that every reader takes for the same: quoted unless nothing could be meant but the text.
import { keyFor } from './node-key.ts'

/** Words that some reader takes for something else. */
const words = new Set(['null', 'true', 'false', 'yes', 'no', 'on', 'off', 'y', 'n'])
/** A longer key must be written in the long form. */
const longestKey = 1000

/**
 * A text as YAML.
 * @example yamlText('yes') // '"yes"'
 */
function yamlText(text: string): string {
  if (/^[A-Za-z_](?:[\w./-]*\w)?$/.test(text) && !words.has(text.toLowerCase())) return text
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A node's line: its key, then its one setting, which tells what it is; without one, what follows is below it. */
export function keyLine(indent: string, name: string, value?: Readonly<Record<string, string>>): string {
  const key = yamlText(value === undefined ? keyFor(name) : name)
  const start = key.length > longestKey ? `${indent}? ${key}\n${indent}:` : `${indent}${key}:`
  if (value === undefined) return start
  const pairs = Object.entries(value).map(([word, text]) => `${word}: ${yamlText(text)}`)
  return `${start} { ${pairs.join(', ')} }`
}
