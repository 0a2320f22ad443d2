// Finds out whether put-if-absent holds: by racing writers, since some stores ignore it and some let several win.
import type { Ambient } from '../base/ambient.ts'
import { equalBytes, utf8 } from '../base/bytes.ts'
import type { Context } from '../base/context.ts'
import { isQuiltError } from '../base/error.ts'
import type { Backend } from './backend.ts'

/** Writers that race in each round. */
const racers = 8
const rounds = 4

/**
 * True when of writers who race for a key exactly one wins, its bytes stay, and who comes later is refused. Keys
 * below `prefix` are put and deleted again.
 * @throws DENIED, UNAVAILABLE: nothing was found out then
 */
export async function probePutIfAbsent(
  backend: Backend,
  prefix: string,
  ambient: Pick<Ambient, 'randomName'>,
  ctx?: Context,
): Promise<boolean> {
  const name = ambient.randomName()
  for (let round = 0; round < rounds; round++) {
    const key = `${prefix}${name}-${round}`
    try {
      if (!(await raceHolds(backend, key, ctx))) return false
      // No race: once is enough.
      if (round === rounds - 1 && (await putWins(backend, key, utf8('too late\n'), ctx))) return false
    } finally {
      await backend.delete(key, ctx).catch(() => undefined)
    }
  }
  return true
}

async function raceHolds(backend: Backend, key: string, ctx?: Context): Promise<boolean> {
  const bodies = Array.from({ length: racers }, (_, i) => utf8(`writer ${i}\n`))
  const wins = await Promise.all(bodies.map((body) => putWins(backend, key, body, ctx)))
  const winners = bodies.filter((_, i) => wins[i] === true)
  const [winner] = winners
  if (winner === undefined || winners.length > 1) return false
  return equalBytes(await backend.get(key, undefined, ctx), winner)
}

async function putWins(backend: Backend, key: string, body: Uint8Array, ctx?: Context): Promise<boolean> {
  try {
    await backend.put(key, body, { absent: true }, ctx)
    return true
  } catch (error) {
    if (isQuiltError(error, 'CONFLICT')) return false
    throw error
  }
}
