// All of quilt-ts/testing: what the author of a plugin tests it with, in any test runner. Names listed by hand.
export { backendCases } from './backend-cases.ts'
export { fillForReading, readingCases } from './backend-reading-cases.ts'
export type { Case } from './case.ts'
export { parserCases, type ParserFixture } from './parser-cases.ts'
export { systemError, type Fault, type FaultPlan, type FaultRecord } from './fault.ts'
export { faultyBackend, type FaultyBackend } from './faulty-backend.ts'
export { faultyFileSystem, replaceCalls, type FaultyFileSystem, type Replaced } from './faulty-fs.ts'
export { mortalDisk, restoreDisk, type Choose, type MortalDisk, type Survivor } from './power-cut.ts'
