// What can go wrong at one operation of a backend or a file system, and the count that says when.
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * One fault:
 * - `fail`: the call fails with a system's code (`EIO`, `ENOSPC`, `EACCES`, `EMFILE`, ...). With `done` it was
 *   carried out, and only its answer is lost; with `lasting` all later calls that it can befall fail too.
 * - `tear`: half of a write is there, then it fails with `EIO`.
 * - `short`: half of a write is there, and the answer says so.
 * - `flip`: a read gives one wrong bit.
 * - `delay`: the call takes so many milliseconds longer.
 * - `stop`: neither this call nor any later one is carried out, as when the process is killed. With `done` this
 *   one still is.
 */
export type Fault =
  | { readonly kind: 'fail'; readonly code: string; readonly done?: boolean; readonly lasting?: boolean }
  | { readonly kind: 'tear' | 'short' | 'flip' }
  | { readonly kind: 'delay'; readonly milliseconds: number }
  | { readonly kind: 'stop'; readonly done?: boolean }

/** Which fault, and when. */
export interface FaultPlan {
  readonly fault: Fault
  /** The operation that it befalls, counted from 1 among those that it can befall. */
  readonly at: number
  /** Only operations on such a path, or key, are counted. */
  readonly where?: (path: string) => boolean
}

/** What became of a plan. */
export interface FaultRecord {
  /** The operation that the fault befell: `write /store/tmp/~a`. `undefined` when there were too few of them. */
  readonly hit: string | undefined
  /** Operations that it could befall, so far. */
  readonly seen: number
}

/** What an operation does: decides which faults can befall it. */
export type Effect = 'look' | 'open' | 'create' | 'read' | 'write' | 'change' | 'remove' | 'sync' | 'close'

/** An operation about to be carried out. */
export interface Operation {
  readonly name: string
  readonly path: string
  readonly effect: Effect
}

/** Counts operations, and says what befalls each. */
export interface FaultCounter extends FaultRecord {
  /** The fault that befalls this operation, if one does. */
  next(operation: Operation): Fault | undefined
}

/** The code of calls after a `stop`: no system has it. */
const stoppedCode = 'ESTOPPED'

const befalls: Readonly<Record<string, readonly Effect[]>> = {
  ENOSPC: ['create', 'write', 'change', 'sync', 'close'],
  EACCES: ['look', 'open', 'create', 'change', 'remove'],
  EMFILE: ['open', 'create'],
  tear: ['write'],
  short: ['write'],
  flip: ['read'],
}

/** Counts for one plan. */
export function faultCounter({ fault, at, where = () => true }: FaultPlan): FaultCounter {
  const effects = befalls[fault.kind === 'fail' ? fault.code : fault.kind]
  let seen = 0
  let hit: string | undefined
  return {
    get hit() {
      return hit
    },
    get seen() {
      return seen
    },
    next: ({ name, path, effect }) => {
      const after = hit !== undefined
      if (after && fault.kind === 'stop') return { kind: 'stop' }
      if (effects?.includes(effect) === false || !where(path)) return undefined
      seen++
      if (after) return fault.kind === 'fail' && fault.lasting === true ? fault : undefined
      if (seen !== at) return undefined
      hit = `${name} ${path}`
      return fault
    },
  }
}

/** The error that a system gives with this code: `code`, `errno` and `syscall` as node sets them. */
export function systemError(code: string, call = 'call'): Error {
  return Object.assign(new Error(`${code}: told to fail, ${call}`), { code, errno: -1, syscall: call })
}

/** The error of a fault that lets a call fail; `undefined` for those that do not. */
export function faultError(fault: Fault, call: string): Error | undefined {
  if (fault.kind === 'fail') return systemError(fault.code, call)
  if (fault.kind === 'tear') return systemError('EIO', call)
  return fault.kind === 'stop' ? systemError(stoppedCode, call) : undefined
}

/** True for a fault that fails after the call was carried out. */
export function isDoneFirst(fault: Fault): boolean {
  return (fault.kind === 'fail' || fault.kind === 'stop') && fault.done === true
}

/** Waits, where the fault is a delay. */
export async function delayed(fault: Fault | undefined): Promise<void> {
  if (fault?.kind === 'delay') await sleep(fault.milliseconds)
}

/** Turns one bit in the middle. */
export function flipBit(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
  const middle = start + ((end - start) >> 1)
  if (end > start) bytes[middle] = (bytes[middle] as number) ^ (1 << (middle & 7))
}
