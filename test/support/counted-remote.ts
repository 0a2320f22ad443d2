// A session whose remotes are folders on the real disk that count what they are asked.
import type { Backend } from '../../src/core/backend/backend.ts'
import { bucketRemote } from '../../src/core/repo/remote.ts'
import type { Session } from '../../src/package/session.ts'
import { folderBackend } from '../../src/plugins/builtin.ts'
import { countingBackend, type CountingBackend } from '../../src/testing/counting-backend.ts'

/** The session, its one remote being `folder`, opened anew each time as a new process would. */
export async function countedRemote(
  session: Session,
  folder: string,
  wrap: (backend: Backend) => Backend = (backend) => backend,
): Promise<{ readonly session: Session; readonly counting: CountingBackend }> {
  const { ambient } = session
  const inner = await folderBackend(folder, { randomName: () => ambient.randomName() })
  const counting = countingBackend(wrap(inner))
  const address = `file://${folder}`
  const open = (): Session =>
    Object.create(session, {
      remote: {
        value: async () => ({ address, remote: bucketRemote(counting.backend, ambient, address) }),
      },
    }) as Session
  return { session: open(), counting }
}
