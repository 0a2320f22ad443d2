// The one list of built-in plugins. Each is imported when its scheme is first used.
import type { Backend, BackendPlugin } from './api.ts'
import type { FileBackendOptions } from './backends/file.ts'

/** Built-in backends by scheme. */
export const builtinBackends: Readonly<Record<string, () => Promise<{ readonly default: BackendPlugin }>>> = {
  file: () => import('./backends/file.ts'),
}

/** The file backend on a folder, for stores: with a file system of the caller's, or read-only. */
export async function folderBackend(root: string, options: FileBackendOptions): Promise<Backend> {
  const { fileBackend } = await import('./backends/file.ts')
  return fileBackend(root, options)
}
