// Whether the file system of a folder can keep an executable bit: asked, never tried out.
import type { FileSystem } from '../core/base/fs-node.ts'

/** File systems that give every file the same bits, by the magic numbers of Linux (statfs(2)). */
const withoutBits: ReadonlySet<number> = new Set([
  0x4d44, // FAT
  0x2011bab0, // exFAT
  0x5346544e, // NTFS
  0x7366746e, // NTFS3
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB2
  0x01021997, // 9p, by which WSL shows the disks of Windows
])

/**
 * True when files in `folder` have an executable bit of their own. A file system that does not say what it is,
 * as memfs, is taken to keep one.
 */
export function keepsExecutableBit(fs: FileSystem, folder: string, windows: boolean): boolean {
  if (windows) return false
  try {
    const { type } = fs.statfsSync?.(folder) ?? { type: 0 }
    return !withoutBits.has(type >>> 0)
  } catch {
    return true
  }
}
