// Parsers and the table engine for a session: nothing of either is loaded before a table is met.
import { createReadStream, mkdirSync, rmSync } from 'node:fs'
import type { Ambient } from '../core/base/ambient.ts'
import type { TableTools } from '../package/session.ts'
import { builtinParsers } from '../plugins/builtin.ts'
import { sandboxHost } from './sandbox-host.ts'
import { openEngine, type TableEngine } from '../table/engine.ts'
import { enginePool, type EnginePool } from '../table/engine-pool.ts'

/** Tools for tables, and what ends them. */
export interface OpenTables extends TableTools {
  close(): Promise<void>
}

/** For making views, beside all that a build holds itself: less makes it no slower (measured). */
const makingMemory = '160MB'

/** Tools whose files lie in a new folder below `parent`, on the real disk: the engine reads no other. */
export function openTables(parent: string, onDisk: boolean, ambient: Ambient): OpenTables {
  let folder: string | undefined
  let engine: TableEngine | undefined
  let wide: TableEngine | undefined
  let readers: EnginePool | undefined
  let paths = 0
  const open = (): string => {
    if (folder !== undefined) return folder
    folder = `${parent}/${ambient.randomName()}`
    mkdirSync(folder, { recursive: true })
    return folder
  }
  return {
    parsers: builtinParsers,
    onDisk,
    engine: () => (engine ??= openEngine({ folder: open(), memory: makingMemory })),
    wideEngine: () => (wide ??= openEngine({ folder: open(), memory: '2GB', threads: 1, width: 1 })),
    engineFor: (files, writes) => {
      if (writes === undefined) return (readers ??= enginePool({ folder: open() })).engineFor(files)
      const own = { folder: open(), width: 1 }
      if ('file' in writes) return openEngine({ ...own, files: [...files, writes.file] })
      // Several threads would write several files for one partition.
      return openEngine({ ...own, files, into: writes.folder, threads: 1 })
    },
    sandboxHost: () => sandboxHost(open()),
    newPath: () => `${open()}/${String(++paths)}`,
    bytesAt: async function* (path) {
      yield* createReadStream(path) as AsyncIterable<Uint8Array>
    },
    close: async () => {
      await engine?.close()
      await wide?.close()
      await readers?.close()
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
      folder = engine = wide = readers = undefined
    },
  }
}
