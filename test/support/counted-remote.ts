// A session whose remotes are folders on the real disk that count what they are asked.
import type { Backend } from '../../src/core/backend/backend.ts'
import { createRepository, openRepository } from '../../src/core/repo/open-repository.ts'
import type { Remote } from '../../src/core/repo/remote.ts'
import type { Session } from '../../src/package/session.ts'
import { folderBackend } from '../../src/plugins/builtin.ts'
import { countingBackend, type CountingBackend } from '../../src/testing/counting-backend.ts'

/**
 * The session, its one remote being `folder`, opened anew as a new process would: the repository alone, without the
 * listing for web servers and the configuration that a remote may have beside it.
 */
export async function countedRemote(
  session: Session,
  folder: string,
  wrap: (backend: Backend) => Backend = (backend) => backend,
): Promise<{ readonly session: Session; readonly counting: CountingBackend }> {
  const { ambient } = session
  const inner = await folderBackend(folder, { randomName: () => ambient.randomName() })
  const counting = countingBackend(wrap(inner))
  const address = `file://${folder}`
  const { backend } = counting
  const remote: Remote = {
    repository: (_pkg, options, ctx) =>
      (options?.create === true ? createRepository : openRepository)(backend, ambient, ctx, { far: true }),
    packages: async function* (ctx) {
      yield* (await openRepository(backend, ambient, ctx)).refs.packages(ctx)
    },
    whole: (ctx) => openRepository(backend, ambient, ctx),
    relist: async () => undefined,
    close: () => backend.close(),
  }
  const value = async (): Promise<unknown> => ({ address, remote })
  return { session: Object.create(session, { remote: { value } }) as Session, counting }
}
