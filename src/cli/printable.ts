// Text for people: names made harmless, sizes, counts and times made readable. Pure.

/** Controls, bidi and zero-width marks, fillers, tags, lone surrogates: what a terminal obeys or hides. */
const unprintable =
  // oxlint-disable-next-line no-misleading-character-class -- single code points are what this looks for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Surrogate}]/gu

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Text from data, with everything escaped that would move the cursor, colour, reverse or hide what stands there.
 * @example printable('a\u001b[2Jb') // 'a\\x1b[2Jb'
 */
export function printable(text: string): string {
  return text.replace(unprintable, (char) => shortEscapes[char] ?? hexEscape(char.codePointAt(0) as number))
}

function hexEscape(code: number): string {
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`
}

/** JSON text in which every unprintable character is an escape: the same value, harmless on a terminal. */
export function printableJson(json: string): string {
  return json.replace(unprintable, (char) => {
    if (char === '\n') return char
    let escaped = ''
    for (let i = 0; i < char.length; i++) escaped += `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`
    return escaped
  })
}

const units = ['kB', 'MB', 'GB', 'TB', 'PB']

/**
 * A size in decimal units.
 * @example formatBytes(1_234_567) // '1.2 MB'
 */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${String(Math.round(bytes))} B`
  let size = bytes
  let unit = -1
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000
    unit++
  }
  return `${size < 9.95 ? size.toFixed(1) : String(Math.round(size))} ${units[unit] as string}`
}

/**
 * A whole number with thin groups of three, the same in every locale.
 * @example formatCount(1234567) // '1,234,567'
 */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/**
 * A number and what it counts.
 * @example formatPlural(2, 'file') // '2 files'
 */
export function formatPlural(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`
}

/**
 * The checks that hold, to stand behind other figures; nothing where there are none.
 * @example formatHolding(2) // ', 2 checks hold'
 */
export function formatHolding(checks = 0): string {
  return checks === 0 ? '' : `, ${formatPlural(checks, 'check')} ${checks === 1 ? 'holds' : 'hold'}`
}

/**
 * A time span.
 * @example formatSeconds(75) // '1 min 15 s'
 */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${String(whole)} s`
  if (whole < 3600) return `${String(Math.floor(whole / 60))} min ${String(whole % 60)} s`
  return `${String(Math.floor(whole / 3600))} h ${String(Math.floor((whole % 3600) / 60))} min`
}

/** A moment as this machine's clock shows it: `YYYY-MM-DD HH:MM:SS`. */
export function localTime(time: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0')
  const date = `${String(time.getFullYear())}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
}
