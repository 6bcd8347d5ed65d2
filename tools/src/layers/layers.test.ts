// One failing example per rule, so that the check of the repository itself has teeth.
import { expect, test } from 'vitest'
import { checkLayers, type Shape } from './layers.ts'

const shape: Shape = {
  source: 'packages/lib/src',
  layers: {
    core: { imports: [] },
    contract: { imports: ['core'], browser: true },
    runtime: { imports: ['core', 'contract'] },
  },
  tiers: ['packages', 'adapters', 'apps'],
}

const manifests = {
  'packages/lib/package.json': JSON.stringify({
    name: 'lib',
    exports: { '.': './src/index.ts', './core': './src/core/index.ts' },
    dependencies: { typebox: '1' },
  }),
  'adapters/disk/package.json': JSON.stringify({
    name: '@lib/disk',
    exports: { '.': './src/index.ts' },
    peerDependencies: { lib: '1' },
  }),
}

function rulesOf(files: Record<string, string>, of: Shape = shape): string[] {
  const sources = new Map(Object.entries({ ...manifests, ...files }))
  return checkLayers(sources, of).map((item) => `${item.rule} ${item.path}:${item.line} ${item.message}`)
}

test('a tree in order has no faults', () => {
  const faults = rulesOf({
    'packages/lib/src/index.ts': "export * from './runtime/host.ts'",
    'packages/lib/src/core/index.ts': "export * from './error.ts'\nimport 'node:fs'",
    'packages/lib/src/core/error.ts': 'export const error = 1',
    'packages/lib/src/contract/define.ts': "import { t } from 'typebox'\nimport { error } from '../core/error.ts'",
    'packages/lib/src/runtime/host.ts': "import type { X } from '../contract/define.ts'",
    'packages/lib/src/core/error.test.ts': "import '../runtime/host.ts'\nimport 'vitest'",
    'adapters/disk/src/index.ts': "import { error } from 'lib/core'",
  })
  expect(faults).toEqual([])
})

test.each([
  ['value', "import { x } from '../runtime/host.ts'"],
  ['type', "import type { X } from '../runtime/host.ts'"],
  ['re-export', "export * from '../runtime/host.ts'"],
  ['type of an import', "export type X = import('../runtime/host.ts').X"],
  ['dynamic', "export const x = () => import('../runtime/host.ts')"],
])('a folder imports one it may not: %s', (_, text) => {
  const [fault, ...rest] = rulesOf({ 'packages/lib/src/core/a.ts': text, 'packages/lib/src/runtime/host.ts': '' })
  expect(fault).toBe('layer packages/lib/src/core/a.ts:1 core may import nothing, not runtime (../runtime/host.ts)')
  expect(rest).toEqual([])
})

test('a folder that no layer names', () => {
  expect(rulesOf({ 'packages/lib/src/extra/a.ts': "import '../core/b.ts'", 'packages/lib/src/core/b.ts': '' })).toEqual(
    ['layer packages/lib/src/extra/a.ts:1 folder extra is not in layers.ts; say there what it may import'],
  )
})

test('a table that goes round', () => {
  const round: Shape = { ...shape, layers: { core: { imports: ['contract'] }, contract: { imports: [] } } }
  expect(rulesOf({}, round)).toEqual([
    'layer-order packages/lib/src:0 layer core may import contract, which is not listed before it',
  ])
})

test('files that import each other, by type alone', () => {
  const faults = rulesOf({
    'packages/lib/src/core/a.ts': "import type { B } from './b.ts'",
    'packages/lib/src/core/b.ts': "\nexport type { C } from './c.ts'",
    'packages/lib/src/core/c.ts': "import { type A } from './a.ts'",
  })
  expect(faults).toEqual([
    'file-cycle packages/lib/src/core/c.ts:1 imports go round: packages/lib/src/core/a.ts → packages/lib/src/core/b.ts → packages/lib/src/core/c.ts → packages/lib/src/core/a.ts',
  ])
})

test('a knot of files is one fault, told by its shortest circle', () => {
  const faults = rulesOf({
    'packages/lib/src/core/a.ts': "import './b.ts'\nimport './c.ts'",
    'packages/lib/src/core/b.ts': "import './c.ts'",
    'packages/lib/src/core/c.ts': "import './d.ts'",
    'packages/lib/src/core/d.ts': "import './a.ts'\nimport './c.ts'",
    'packages/lib/src/core/own.ts': "import './own.ts'",
  })
  expect(faults).toEqual([
    'file-cycle packages/lib/src/core/d.ts:2 imports go round: packages/lib/src/core/c.ts → packages/lib/src/core/d.ts → packages/lib/src/core/c.ts (4 are tied together, this is the shortest way round)',
    'file-cycle packages/lib/src/core/own.ts:1 imports go round: packages/lib/src/core/own.ts → packages/lib/src/core/own.ts',
  ])
})

test('folders that import each other although no files do', () => {
  const faults = rulesOf({
    'packages/lib/src/core/clock/a.ts': "import '../timer/b.ts'",
    'packages/lib/src/core/timer/b.ts': '',
    'packages/lib/src/core/timer/c.ts': "import '../clock/d.ts'",
    'packages/lib/src/core/clock/d.ts': '',
  })
  expect(faults).toEqual([
    'folder-cycle packages/lib/src/core/timer/c.ts:1 imports go round: packages/lib/src/core/clock → packages/lib/src/core/timer → packages/lib/src/core/clock',
  ])
})

test('a package that imports one to its right', () => {
  expect(rulesOf({ 'packages/lib/src/core/a.ts': "import '@lib/disk'", 'adapters/disk/src/index.ts': '' })).toEqual([
    'tier packages/lib/src/core/a.ts:1 packages must not import adapters (@lib/disk); the order is packages ← adapters ← apps',
    'undeclared packages/lib/src/core/a.ts:1 @lib/disk is not a dependency in packages/lib/package.json',
  ])
})

test('a path into another package', () => {
  const faults = rulesOf({
    'packages/lib/src/core/a.ts': '',
    'adapters/disk/src/index.ts': "import '../../../packages/lib/src/core/a.ts'\nimport 'lib/src/core/a.ts'",
    'adapters/disk/src/index.test.ts': "import 'lib/contract'",
  })
  expect(faults).toEqual([
    'internal-path adapters/disk/src/index.ts:1 ../../../packages/lib/src/core/a.ts reaches into lib; import it by a name it exports',
    'internal-path adapters/disk/src/index.ts:2 lib/src/core/a.ts is not exported by lib, which exports ., ./core',
    'internal-path adapters/disk/src/index.test.ts:1 lib/contract is not exported by lib, which exports ., ./core',
  ])
})

test('a dependency that the package does not declare', () => {
  expect(rulesOf({ 'adapters/disk/src/index.ts': "import type pg from 'pg'" })).toEqual([
    'undeclared adapters/disk/src/index.ts:1 pg is not a dependency in adapters/disk/package.json',
  ])
})

test('a shipped file that imports the support of tests, which itself may import anything', () => {
  const faults = rulesOf({
    'adapters/disk/src/index.ts': "import './testing/engine.ts'",
    'adapters/disk/src/testing/engine.ts': "import 'vitest'\nimport '@lib/tools'",
  })
  expect(faults).toEqual([
    'test-import adapters/disk/src/index.ts:1 ./testing/engine.ts belongs to tests and is not shipped',
  ])
})

test('node in a browser-safe folder, directly and through another folder', () => {
  const faults = rulesOf({
    'packages/lib/src/contract/a.ts': "import type { Server } from 'node:http'\nimport { hash } from 'crypto'",
    'packages/lib/src/contract/b.ts': "import '../core/scope.ts'",
    'packages/lib/src/core/scope.ts': "import { AsyncLocalStorage } from 'node:async_hooks'",
  })
  expect(faults).toEqual([
    'browser packages/lib/src/contract/a.ts:2 crypto does not exist in a browser; reached by packages/lib/src/contract/a.ts',
    'browser packages/lib/src/core/scope.ts:1 node:async_hooks does not exist in a browser; reached by packages/lib/src/contract/b.ts → packages/lib/src/core/scope.ts',
  ])
})
