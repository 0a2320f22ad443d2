// What a step of a workload is that goes through the library.

/** What it found, by the names that the workload gives: milliseconds, seconds, bytes or counts. */
export type Figures = Readonly<Record<string, number>>

/** What one process does in a workload's folder, at the workload's size. */
export type Step = (folder: string, count: number) => Promise<Figures>
