/** The code of the sagas of a project, with the contracts of all its services: by them contents are hidden. */
import { operationsOf } from 'banyan/contract'
import type { Service, System } from 'banyan/runtime'
import type { OperationSchemas, SagaCode } from 'banyan/saga'

/** By service; those without sagas, too, so that what older code has left there is told from it. */
export async function loadSagaCodes(system: System): Promise<ReadonlyMap<string, SagaCode>> {
  const operations = new Map<string, OperationSchemas>(
    system.services.flatMap(({ contract }) => operationsOf(contract).map((operation) => [operation.wire, operation])),
  )
  const loaded = await Promise.all(system.services.map((entry) => entry.load()))
  return new Map(
    loaded.map((service) => [
      service.contract.name,
      { shapes: (service as Service).sagas as unknown as SagaCode['shapes'], operations },
    ]),
  )
}
