// A machine that a benchmark's results may name.
import type { Results } from '../../bench/report.ts'

/** What is said of the machine of a run on that day. */
export const machineOn = (date: string): Results['machine'] => ({
  cores: 2,
  processor: 'A processor',
  memory: 8e9,
  kernel: 'Linux 6',
  system: 'Debian',
  fileSystem: 'ext4',
  node: 'v20.20.2',
  date,
  load: 0.1,
})
