// Two projects, because they have different costs. `unit` runs in virtual time with nothing installed and stays
// under a minute; `engine` starts real Postgres servers and real processes. Those mostly wait for each other, so two files
// run at a time: more would only make the waits longer.
// `npm test` runs both, the fast one first (tools/src/test-runner.ts).
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const places = '{packages,adapters,apps,examples,benchmarks,tools}'
const never = ['**/node_modules/**', '**/dist/**', '**/.banyan/**', '**/fixtures/**']

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: [`${places}/**/*.test.ts`],
          exclude: [...never, '**/*.engine.test.ts'],
          pool: 'threads',
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: 'engine',
          // Hundreds of processes start on empty data directories: compiled once, not by each of them.
          env: { NODE_COMPILE_CACHE: join(tmpdir(), 'banyan-test-compile-cache') },
          include: [`${places}/**/*.engine.test.ts`],
          exclude: never,
          pool: 'forks',
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
