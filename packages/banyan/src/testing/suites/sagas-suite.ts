/** The contract of {@link Sagas}: runs that advance by one hand at a time, and nothing written twice, lost or overtaken. */
import { afterEach, beforeEach, describe } from 'vitest'
import type { OpenedStore } from './open.ts'
import { sagasLeasesSuite } from './sagas-leases-suite.ts'
import { sagasLocksSuite } from './sagas-locks-suite.ts'
import { sagasMailboxSuite } from './sagas-mailbox-suite.ts'
import { sagasMendingSuite } from './sagas-mending-suite.ts'
import { sagasRacesSuite } from './sagas-races-suite.ts'
import { type SagasRig, toRig } from './sagas-rig.ts'
import { sagasStartSuite } from './sagas-start-suite.ts'
import { sagasViewsSuite } from './sagas-views-suite.ts'
import { sagasWritingSuite } from './sagas-writing-suite.ts'

/** Declares the suite; every implementation of the port runs it. */
export function sagasSuite(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name}: sagas`, () => {
    let rig: SagasRig
    beforeEach(async () => {
      rig = toRig(await open())
    })
    afterEach(async () => rig.opened.close())
    const current = (): SagasRig => rig
    sagasStartSuite(current)
    sagasWritingSuite(current)
    sagasMailboxSuite(current)
    sagasRacesSuite(current)
    sagasLeasesSuite(current)
    sagasLocksSuite(current)
    sagasViewsSuite(current)
    sagasMendingSuite(current)
  })
}
