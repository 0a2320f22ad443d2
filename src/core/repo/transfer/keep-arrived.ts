// What has come from far away is put where it survives this process sooner than what can be made again.
import type { Ends } from './ends.ts'

/**
 * Of what arrives so many bytes are written as one pack. Three packs at most are in memory or on their way, so that of a
 * process that is killed less than one full pack has to come again.
 */
const arrivedBytes = 10 * 1024 * 1024

/** Writes what has arrived, however little: what follows has failed. That this fails too says nothing new. */
export async function keepAllArrived({ task, out }: Ends): Promise<void> {
  if (task === 'receive') await Promise.resolve(out.keep?.(1)).catch(() => undefined)
}

/** Writes what has arrived, where that is enough for a pack. */
export function keepArrived({ task, out }: Ends): Promise<void> | undefined {
  return task === 'receive' ? out.keep?.(arrivedBytes) : undefined
}
