// The hostile and faulty cases that this project answers to, by their numbers in the list that came with the
// issues; numbers missing here are missing there. `test/hostile.test.ts` holds tests to it.

/** One case. */
export interface HostileCase {
  readonly what: string
  /** Why no test bears its number yet. */
  readonly later?: string
}

const registry = 'there is no registry server yet'
const database = 'there is no metadata database yet'

/** All cases. */
export const hostileCases: Readonly<Record<string, HostileCase>> = {
  // Paths and names
  H1: { what: 'tree entries "..", ".", empty, with a slash or a backslash' },
  H2: { what: 'absolute paths, drives and shares as names or link targets' },
  H3: { what: 'a NUL in a name' },
  H4: { what: 'names that Windows reserves or changes' },
  H5: { what: 'names that differ in case only, on a file system that folds case' },
  H8: { what: 'links that lead out of the folder that is built' },
  H10: { what: 'an exported link into the store that is edited' },
  H11: { what: 'names of 255 and 256 bytes, paths above 4,096' },
  H12: { what: 'nesting without end: depth is limited, nothing recurses' },
  H13: { what: 'a million entries in one folder' },
  H14: { what: 'control characters, escapes and bidi marks in names' },
  H15: { what: 'names that are no UTF-8' },
  H16: { what: 'lone surrogates' },
  H17: { what: 'names that begin with a dash' },
  H18: { what: '__proto__, constructor and the like as names and keys' },
  H19: { what: 'an export or a build that reaches into the store itself' },
  H20: { what: 'pipes, sockets and devices in the source' },
  // Objects
  H22: { what: 'bytes that have another id' },
  H26: { what: 'an object of the wrong kind' },
  H27: { what: 'a missing parent, tree or chunk' },
  H30: { what: 'every encoding but the one canonical one' },
  H31: { what: 'one content by two writers' },
  H32: { what: 'frames that claim or inflate to more than they may' },
  H33: { what: "empty things, one byte, and sizes around the chunker's bounds" },
  H34: { what: 'large files with holes, in bounded memory' },
  H35: { what: 'versions that are not known yet' },
  H36: { what: 'texts that try to forge a header' },
  H37: { what: 'times before 1970 and after 9999' },
  // Packs, indexes, refs
  H38: { what: 'damaged headers and checksums of packs and indexes' },
  H40: { what: 'an index that points at another object' },
  H41: { what: 'a pack without an index' },
  H42: { what: 'an index without its pack' },
  H43: { what: 'a pack torn in its last record' },
  H44: { what: 'a damaged ref: it alone is refused' },
  H45: { what: 'a ref to a commit that is missing' },
  H46: { what: 'a ref that has moved since it was read' },
  H49: { what: 'names that no ref may have' },
  H50: { what: 'a store of a newer format' },
  // Disks
  H51: { what: 'a full disk, at every write' },
  H52: { what: 'a disk that fails at any call' },
  H56: { what: 'a disk without inodes' },
  H57: { what: 'a read-only store' },
  H58: { what: 'a source file that may not be read' },
  H59: { what: 'few open files allowed' },
  H60: { what: 'store, source and temporary folder on different file systems' },
  H61: { what: 'files that a virus scanner holds for a moment' },
  H62: { what: 'a store that is taken away while it is used' },
  // At once
  H63: { what: 'two builds of one package' },
  H66: { what: 'two pushes of different commits' },
  H67: { what: 'an install and a removal of one package' },
  H68: { what: 'two exports into one folder' },
  H70: { what: 'a second process at the stat cache' },
  H71: { what: 'Ctrl-C, twice too, and SIGTERM' },
  // Network
  H72: { what: 'a body that is cut' },
  H73: { what: 'an object that changes between two ranges' },
  H74: { what: 'lengths and encodings that lie' },
  H75: { what: 'answers 500 to 503, resets, Retry-After' },
  H77: { what: 'one byte a second' },
  H78: { what: 'a login page for an answer' },
  H79: { what: 'proxies, and TLS errors' },
  H80: { what: 'clocks that are wrong' },
  H81: { what: 'a push that was cut before its ref: nothing is sent twice' },
  H82: { what: 'an answer that is lost after a ref has moved' },
  H83: { what: 'ranges beyond the end, and a thousand of them' },
  // Registry
  H84: { what: 'bodies above the limit, and gzip bombs', later: registry },
  H85: { what: 'JSON that is too deep, too wide or has keys twice', later: registry },
  H86: { what: 'SQL, separators and wildcards in names and searches', later: registry },
  H88: { what: 'line breaks in headers', later: registry },
  H91: { what: 'guessing of passwords and tokens', later: registry },
  H96: { what: 'formulas in cells of a CSV export', later: registry },
  H97: { what: 'requests from other sites', later: registry },
  H98: { what: 'framing', later: registry },
  H99: { what: 'open redirects', later: registry },
  H100: { what: 'sessions that outlive their end', later: registry },
  H101: { what: 'page numbers and sizes without sense', later: registry },
  H103: { what: 'a package deleted and made again by another', later: registry },
  H104: { what: 'a case variant of a name that exists' },
  H105: { what: 'regular expressions as searches', later: registry },
  H106: { what: 'too many refs, too long messages' },
  H107: { what: 'smuggled requests', later: registry },
  H108: { what: 'a Host header that lies', later: registry },
  // Parsers
  H109: { what: 'ragged, unclosed and empty CSV, and other encodings' },
  H110: { what: 'very long lines, very many columns, NUL bytes' },
  H112: { what: 'truncated Parquet' },
  H113: { what: 'Parquet whose counts lie' },
  H114: { what: 'Parquet types that are rare' },
  H116: { what: 'images that are truncated or something else' },
  H117: { what: 'SVG with scripts and entities' },
  H118: { what: 'EXIF loops and places' },
  // Build files
  H120: { what: 'YAML tags that make objects' },
  H121: { what: 'YAML keys twice, merges, words that become booleans' },
  H122: { what: 'paths that leave the build root' },
  H125: { what: 'build files too large, too deep or cyclic' },
  H126: { what: 'unknown keys' },
  // Environment
  H127: { what: 'no home, a home that is a file or read-only, XDG folders' },
  H128: { what: 'no terminal, NO_COLOR, TERM=dumb, CI' },
  H129: { what: 'a reader of stdout that leaves' },
  H130: { what: 'umasks 000 and 077' },
  H131: { what: 'locales and time zones' },
  H132: { what: 'a stdout that is full' },
  H133: { what: 'a store or a configuration that belongs to another user' },
  H134: { what: 'a working directory that is gone, options that Node lacks, an old Node' },
  H136: { what: 'configuration and hooks inside a package' },
  // Metadata
  H139: { what: 'two clients at one database', later: database },
  H140: { what: 'database and objects that do not agree', later: database },
}
