/**
 * Which service a file belongs to: the one in whose folder it lies. Where several services share a folder, only the files
 * that define them belong to them; everything else is common ground.
 */

import { resolveImport } from './files.ts'
import { folderOf, type ServiceModel, type SystemModel } from './model.ts'

/** See the top of the file. */
export interface Ownership {
  ownerOf(file: string): ServiceModel | undefined
  /** Files that run as part of a service: its own, and common ones that it reaches. Contracts of others end the way. */
  filesOf(service: ServiceModel): readonly string[]
}

/** Finds out. */
export function createOwnership(model: SystemModel): Ownership {
  const { services, files, sources, contracts } = model
  const folders = services.map((service) => folderOf(service.file))
  const alone = services.filter(
    (_, index) => folders.indexOf(folders[index] as string) === folders.lastIndexOf(folders[index] as string),
  )
  const owners = new Map<string, ServiceModel | undefined>()

  function findOwner(file: string): ServiceModel | undefined {
    const defined = services.filter((service) => service.file === file || service.contract.module === file)
    if (defined.length > 0) return defined.length === 1 ? defined[0] : undefined
    // The system's own module lies above its services.
    return alone
      .filter(({ file: home }) => folderOf(home) !== '' && file.startsWith(`${folderOf(home)}/`))
      .toSorted((one, other) => folderOf(other.file).length - folderOf(one.file).length)[0]
  }

  function ownerOf(file: string): ServiceModel | undefined {
    if (!owners.has(file)) owners.set(file, findOwner(file))
    return owners.get(file)
  }

  function filesOf(service: ServiceModel): readonly string[] {
    const found = new Set([...files.keys()].filter((file) => ownerOf(file) === service))
    found.add(service.file)
    for (const file of found) {
      for (const { specifier } of sources.get(file)?.imports ?? []) {
        const next = resolveImport(files, file, specifier)
        if (next !== undefined && ownerOf(next) === undefined && !contracts.has(next)) found.add(next)
      }
    }
    return [...found]
  }
  return { ownerOf, filesOf }
}
