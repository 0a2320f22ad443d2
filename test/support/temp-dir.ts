// A folder of one's own on the real disk, for one test.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Makes an empty folder, which is removed after the test that called. */
export function tempDir(): string {
  const path = mkdtempSync(join(tmpdir(), 'quilt-test-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}
