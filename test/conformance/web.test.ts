// A remote's folder behind web servers: Node's own, and nginx where it is installed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend } from '../../src/core/backend/backend.ts'
import { encodeListing } from '../../src/core/codec/remotes/listing.ts'
import plugin from '../../src/plugins/backends/http.ts'
import { backendCases } from '../../src/testing/backend-cases.ts'
import { fillForReading } from '../../src/testing/backend-reading-cases.ts'
import { fakeAmbient } from '../support/ambient.ts'
import { fileStore } from '../support/file-store.ts'
import { hasNginx, serveByNginx, serveFolder, type WebServer } from '../support/web-server.ts'

const servers: readonly (readonly [string, boolean, (folder: string) => Promise<WebServer>])[] = [
  ['node:http', true, serveFolder],
  ['nginx', hasNginx(), serveByNginx],
]

describe.each(servers)('backend: web, served by %s', (_, isHere, serve) => {
  let folder: string
  let server: WebServer | undefined

  beforeAll(async () => {
    if (!isHere) return
    folder = mkdtempSync(join(tmpdir(), 'quilt-web-'))
    const store = fileStore(folder)
    await fillForReading(store)
    const heads = []
    for await (const head of store.list(''))
      heads.push({ ...head, modified: new Date(head.modified.getTime()) })
    await store.put('listing', encodeListing(heads))
    server = await serve(folder)
  })
  afterAll(async () => {
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const make = async (): Promise<Backend> =>
    plugin.open(new URL((server as WebServer).address), {}, fakeAmbient())
  for (const { name, run } of backendCases) test.skipIf(!isHere)(name, () => run(make))
  test.skipIf(!isHere)('is read-only', async () => {
    const backend = await make()
    expect({ ...backend.features }).toEqual({ putIfAbsent: false, writable: false })
    await backend.close()
  })
})
