// The process that checks' SQL runs in, as this machine starts and ends it.
import type { SandboxHost } from '../table/sandbox/child-process.ts'

/** Starts processes with this one's own Node; `folder` is best on the disk of the tables, whose files are copied. */
export function sandboxHost(folder: string): SandboxHost {
  return {
    execPath: process.execPath,
    folder,
    killGroup: (pid) => {
      try {
        process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
      } catch {
        // It is gone already.
      }
    },
  }
}
