// The public API: one function for each command, with the same name and meaning, and what they stand on.
// Each opens a session of its own, from the environment and the configuration; to make many calls, open one.
export { isQuiltError, QuiltError, type ErrorCode, type FileProblem } from './core/base/error.ts'
export type { Context, Progress, Retry } from './core/base/context.ts'
export { openSession, type ConfiguredSession, type SessionOptions } from './session/open-session.ts'
export type { Session } from './package/session.ts'
export type { BuildOptions, BuildResult } from './package/build.ts'
export type { CheckOptions, CheckReport } from './package/check.ts'
export type { ChangedPath, Difference, ModifiedPath, RenamedPath } from './package/diff.ts'
export type { ExportOptions, ExportResult } from './package/export.ts'
export type { GcReport } from './core/repo/gc.ts'
export type { GcOptions } from './package/gc.ts'
export type { RemoteOptions } from './package/exchange/origin.ts'
export type { Deleted, DeleteOptions } from './package/remote/delete.ts'
export type { BundleCreated, BundleCreateOptions } from './package/bundle/create.ts'
export type { BundleInstalled, BundleInstallOptions } from './package/bundle/install.ts'
export type { ListedBundle, ProvedBundle } from './package/bundle/list.ts'
export type { RequiredOptions, RequiredResult } from './package/requirements/install-required.ts'
export type { NamedRevision, OutdatedOptions, OutdatedPackage } from './package/requirements/outdated.ts'
export type { FoundPackage, SearchOptions } from './package/search/search.ts'
export type { Generated, GenerateOptions } from './package/generate.ts'
export type { InspectedNode, Inspected, InspectOptions } from './package/inspect.ts'
export type { InstallOptions, InstallResult } from './package/exchange/install.ts'
export type { ListedPackage } from './package/list.ts'
export type { LogOptions, LogRow } from './package/log.ts'
export type { NamedTag, NamedVersion, NamingOptions } from './package/names/naming.ts'
export type { PushOptions, PushResult } from './package/exchange/push.ts'
export type { SqlOutput, SqlRow } from './package/tables/sql.ts'
export type { TableDifference } from './package/tables/diff-tables.ts'
export type { ViewProblem, ViewsReport } from './package/tables/verify-views.ts'
export type { InspectedTable } from './package/inspect.ts'
export type { Removed, RmOptions } from './package/remove.ts'
export type { ReportedProblem, VerifyOptions, VerifyReport } from './package/verify.ts'
export type { ConfiguredValue } from './session/configuration.ts'
export type { RemoteAddOptions } from './library/settings.ts'
export type { AddedRemote, ListedRemote, NamedRemote } from './session/remotes.ts'
export type { TreeEntry } from './core/codec/objects/tree-entry.ts'
export type { PackRecord } from './core/codec/pack.ts'
export type { PlacedChunk } from './core/store/recipe-tree.ts'
export type { CommitParts, ListedRef } from './package/raw/commits.ts'
export type { HashedObject } from './package/raw/objects.ts'
export type { ListedPack } from './package/raw/packs.ts'
export type { CallOptions, ConfigurationOptions } from './library/call.ts'
export {
  build,
  check,
  diff,
  exportPackage,
  gc,
  generate,
  inspect,
  install,
  log,
  ls,
  push,
  rm,
  verify,
  exportPackage as export,
  type ListOptions,
} from './library/packages.ts'
export { deletePackage, search, deletePackage as delete } from './library/remotes.ts'
export { bundleCreate, bundleInstall, bundleList, bundleVerify } from './library/bundles.ts'
export { installRequired, outdated } from './library/requirements.ts'
export { load, types, type LoadedHandle } from './library/load.ts'
export type { TypesOptions, WrittenTypes } from './package/declare/types.ts'
export type { LoadOptions } from './package/load.ts'
export type {
  Loaded,
  LoadedGroup,
  LoadedNode,
  LoadedTable,
  MediaDetails,
  NodeCalls,
  NodeChildren,
  NodeName,
  NodeQuery,
  NodeTest,
  NodeType,
  NodeValue,
  SetOptions,
} from './package/load/node-types.ts'
export type { ReadColumn, TableBatch, TableRow } from './table/read/read-rows.ts'
export { diffRows, sql, sqlToFile, verifyViews, type RowsOptions } from './library/tables.ts'
export { tagAdd, tagList, tagRemove, versionAdd, versionList } from './library/names.ts'
export { configGet, configList, configSet, remoteAdd, remoteList, remoteRemove } from './library/settings.ts'
export {
  rawCatObject,
  rawChunks,
  rawCommitTree,
  rawHashObject,
  rawListPacks,
  rawListRefs,
  rawLsTree,
  rawRepack,
  rawRevParse,
  rawShowPack,
  rawUpdateRef,
  rawWriteTree,
} from './library/plumbing.ts'
