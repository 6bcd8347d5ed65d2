// Which folder of src/ may import which: the shape of the library as data. tools/layers.test.ts holds the code to it,
// type imports included, because a folder graph without cycles survives only where something checks it. A folder is
// listed below everything it may import; adding an arrow here is a design decision, adding an import is not.

/** What one folder of `src/` may import. */
export interface Layer {
  /** The folders it may import, itself aside. */
  readonly imports: readonly string[]
  /** Browser-safe: neither it nor any file it reaches imports a `node:` module as a value. */
  readonly browser?: true
}

const below = [
  'core',
  'schema',
  'contract',
  'telemetry',
  'transport',
  'discovery',
  'store',
  'bus',
  'event-sourcing',
  'projection',
  'saga',
  'runtime',
  'gateway',
  'control',
] as const

/** The folders of `packages/banyan/src`, in an order in which each imports only those before it. */
export const layers: Readonly<Record<string, Layer>> = {
  core: { imports: [] },
  schema: { imports: [], browser: true },
  contract: { imports: ['schema', 'core'], browser: true },
  telemetry: { imports: ['core'] },
  simulation: { imports: ['core'] },
  transport: { imports: ['core', 'contract', 'telemetry'] },
  discovery: { imports: ['core', 'transport'] },
  store: { imports: ['core', 'contract', 'telemetry'] },
  bus: { imports: ['core', 'contract', 'store', 'telemetry'] },
  'event-sourcing': { imports: ['core', 'schema', 'contract', 'store'] },
  projection: { imports: ['core', 'schema', 'contract', 'telemetry', 'store', 'bus', 'event-sourcing'] },
  saga: { imports: ['core', 'schema', 'contract', 'telemetry', 'store', 'bus'] },
  runtime: {
    imports: [
      'saga',
      'core',
      'schema',
      'contract',
      'telemetry',
      'transport',
      'discovery',
      'store',
      'bus',
      'event-sourcing',
      'projection',
    ],
  },
  gateway: { imports: ['core', 'schema', 'contract', 'telemetry', 'projection', 'runtime'] },
  control: { imports: ['core', 'contract', 'telemetry', 'discovery', 'runtime'] },
  testing: { imports: below },
}

/**
 * The workspace's own order, left to right: a package imports only packages of its own tier or of one to its left
 * (of its own tier: adapters may stand on adapters). Benchmarks and tools stand beside it and may import all.
 */
export const tiers: readonly string[] = ['packages', 'adapters', 'apps', 'examples']
