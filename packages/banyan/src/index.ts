/**
 * banyan: typed services that run as one process or as many. This entry has what an application is written with; the
 * other entries (`banyan/core`, `banyan/gateway`, …) have what it is run with.
 */
export * from './contract/index.ts'
export { BanyanError, type Code, type FieldIssue, isBanyanError, type Outcome } from './core/index.ts'
export * from './runtime/index.ts'
export { type DatabaseDefinition, defineDatabase } from './store/define-database.ts'
