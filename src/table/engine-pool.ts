// Engines for who reads tables: starting one takes longer than most queries, so that one which is left is kept for who
// asks for the very same files next. It may read those and no others, and nothing of who had it before is left in it.
import {
  engineInstance,
  engineOn,
  type EngineInstance,
  type EngineOptions,
  type TableEngine,
} from './engine.ts'

/** Engines by the files that they may read. */
export interface EnginePool {
  /** An engine of the caller's own that may read these files and nothing else; the caller closes it. */
  engineFor(files: readonly string[]): TableEngine
  /** Closes what is kept; what is in use goes when it is closed. */
  close(): Promise<void>
}

/** Kept while nobody uses them: enough for two tables in turns. */
const mostKept = 2

/** A pool of engines; all of them have these options. */
export function enginePool(
  options: Omit<EngineOptions, 'files'>,
  open: (options: EngineOptions) => EngineInstance = engineInstance,
): EnginePool {
  /** The one that was left last is the last. */
  const kept: { readonly key: string; readonly instance: EngineInstance }[] = []
  let isClosed = false
  return {
    engineFor: (asked) => {
      const files = [...new Set(asked)].sort()
      const key = JSON.stringify(files)
      const at = kept.findIndex((one) => one.key === key)
      const instance =
        at < 0 ? open({ ...options, files }) : (kept.splice(at, 1)[0] as (typeof kept)[0]).instance
      const ended = async (isClean: boolean): Promise<void> => {
        if (!isClean || isClosed) return instance.close()
        kept.push({ key, instance })
        if (kept.length > mostKept) await kept.shift()?.instance.close()
      }
      return engineOn(instance, { width: options.width ?? 1, ended })
    },
    close: async () => {
      isClosed = true
      for (const { instance } of kept.splice(0)) await instance.close()
    },
  }
}
