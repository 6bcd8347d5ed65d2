/** A contract that can say anything, and a mapping that publishes each change as it is. */
import { defineContract, event, t } from 'banyan/contract'
import type { Change } from '../change.ts'
import type { PublishChange } from '../options.ts'

/** A contract that can say anything. */
export const Mirror = defineContract('mirror', {
  version: '1.0.0',
  owner: 'tests',
  operations: {},
  events: {
    changed: event({ key: 'key', data: t.Object({ key: t.String(), change: t.Unknown() }) }),
  },
})

/** Publishes each change as it is, keyed by table and key. */
export function mirror(change: Change, publish: PublishChange): void {
  const key = 'key' in change ? Object.values(change.key).join('/') : '*'
  publish(Mirror.events.changed, { key: `${change.table}/${key}`, change })
}
