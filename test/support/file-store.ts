// The file backend, with the names that the edge would give it.
import { randomBytes } from 'node:crypto'
import type { Backend } from '../../src/core/backend/backend.ts'
import { fileBackend, type FileBackendOptions } from '../../src/plugins/backends/file.ts'

/** 32 hex digits, never the same twice. */
export const randomName = (): string => randomBytes(16).toString('hex')

/** A file backend on this folder. */
export function fileStore(root: string, options: Partial<FileBackendOptions> = {}): Backend {
  return fileBackend(root, { randomName, ...options })
}
