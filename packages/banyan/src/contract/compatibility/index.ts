/** Compatibility of schemas and contracts: proven, or refuted by a document. Browser-safe, without dependencies. */
export type { Direction } from './advice.ts'
export {
  type ContractChange,
  type ContractCompareOptions,
  type ContractComparison,
  type ContractPart,
  compareContracts,
} from './compare-contracts.ts'
export { type CompareOptions, compareSchemas } from './compare-schemas.ts'
export type { Comparison, Finding, Verdict } from './finding.ts'
export {
  type Compatibility,
  type CompatibilityMode,
  type CompatibilityRequest,
  checkCompatibility,
  compatibilityModes,
  type Incompatibility,
  isCompatibilityMode,
  type ModeRules,
  rulesOf,
  type SchemaVersion,
  shown,
  toIncompatibility,
} from './modes.ts'
export { toSchemaText } from './schema-text.ts'
