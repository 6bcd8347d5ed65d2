/** Only contracts cross: a service imports nothing of another but its contract, and a contract imports no contract. */
import { resolveImport } from './files.ts'
import type { SystemModel } from './model.ts'
import { createOwnership } from './ownership.ts'
import type { Problem } from './problem.ts'

/** Imports of another service's files, type imports and dynamic ones included. */
export function foreignImports(model: SystemModel): readonly Problem[] {
  const ownership = createOwnership(model)
  return model.services.flatMap((service) =>
    ownership.filesOf(service).flatMap((file) => {
      const source = model.sources.get(file)
      if (source === undefined || model.contracts.has(file)) return []
      return source.imports.flatMap(({ specifier, offset }): Problem[] => {
        const target = resolveImport(model.files, file, specifier)
        const owner = target === undefined ? undefined : ownership.ownerOf(target)
        if (target === undefined || owner === undefined || owner === service || model.contracts.has(target)) return []
        return [
          {
            rule: 'foreign-import',
            severity: 'error',
            file,
            ...source.place(offset),
            message: `'${service.name}' imports ${target}, which belongs to '${owner.name}'`,
            hint: `Import the contract of '${owner.name}' (${owner.contract.module}) and call it, or copy what you need.`,
          },
        ]
      })
    }),
  )
}

/** Imports from a contract's file that lead to another contract, also by way of common files. */
export function contractImports(model: SystemModel): readonly Problem[] {
  return [...model.contracts.keys()].flatMap((file) => {
    const source = model.sources.get(file)
    return (source?.imports ?? []).flatMap(({ specifier, offset }): Problem[] => {
      const target = resolveImport(model.files, file, specifier)
      const reached = target === undefined ? undefined : reachedContract(model, target, file)
      if (source === undefined || reached === undefined) return []
      const way = reached === target ? '' : ` by way of ${target}`
      return [
        {
          rule: 'contract-import',
          severity: 'error',
          file,
          ...source.place(offset),
          message: `a contract imports another contract: ${reached}${way}`,
          hint: 'Copy the schemas it needs: contracts must be able to change, and to be versioned, alone.',
        },
      ]
    })
  })
}

function reachedContract(model: SystemModel, from: string, start: string): string | undefined {
  const seen = new Set([start, from])
  for (const file of seen) {
    if (file !== start && model.contracts.has(file)) return file
    if (file === start) continue
    for (const { specifier } of model.sources.get(file)?.imports ?? []) {
      const next = resolveImport(model.files, file, specifier)
      if (next !== undefined) seen.add(next)
    }
  }
  return undefined
}
