/** testing: whole systems in a test, without an engine and without waiting. Contract suites are in `banyan/testing/suites`. */
export * from './chaos/index.ts'
export { type Given, given, type When } from './given.ts'
export { type ReplayedExport, replayExport } from './replay-export.ts'
export { operationsOfSystem, startTestSystem, type TestCallOptions, type TestSystem } from './test-system.ts'
export * from './traps/index.ts'
