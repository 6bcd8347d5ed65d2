/** The small system of the rig: a ledger whose saga uses every kind of operation, and a wallet whose answers it depends on. */
import { command, defineContract, defineSignal, error, event, t } from 'banyan'

const Key = t.Object({ key: t.String({ maxLength: 100 }) })
/** What the books count: one word for each kind of effect. */
const Entry = t.Object({ key: t.String({ maxLength: 100 }), what: t.String({ maxLength: 40 }) })
const Nothing = t.Object({})

/** `refused`: a participant says no at the end; `cancelled`: told to stop while it waits. */
export type Scenario = 'happy' | 'refused' | 'cancelled'
export const scenarios: readonly Scenario[] = ['happy', 'refused', 'cancelled']
const Asked = t.Object({ key: t.String({ maxLength: 100 }), refuses: t.Boolean() })

/** Writes down what it is told, once each; by its own books nothing is prevented. */
export const Wallet = defineContract('wallet', {
  version: '1.0.0',
  owner: 'rig',
  operations: {
    take: command({ input: Entry, output: t.Object({ place: t.Integer() }), timeoutMs: 5_000 }),
    giveBack: command({ input: Entry, output: Nothing, timeoutMs: 5_000 }),
    settle: command({ input: Key, output: Nothing, timeoutMs: 5_000 }),
    refuse: command({
      input: Key,
      output: Nothing,
      errors: { NEVER: error({ code: 'FAILED_PRECONDITION', about: 'what is asked for is never done' }) },
      timeoutMs: 5_000,
    }),
  },
  events: { settled: event({ key: 'key', data: Key }) },
})

export const Ledger = defineContract('ledger', {
  version: '1.0.0',
  owner: 'rig',
  operations: {
    ask: command({ input: Asked, output: Nothing, timeoutMs: 5_000 }),
    rival: command({ input: Key, output: Nothing, timeoutMs: 5_000 }),
    letGo: command({ input: Key, output: Nothing, timeoutMs: 5_000 }),
    approve: command({ input: Key, output: Nothing, timeoutMs: 5_000 }),
    cancel: command({ input: Key, output: Nothing, timeoutMs: 5_000 }),
  },
  events: { asked: event({ key: 'key', data: Asked }) },
})

export const Approve = defineSignal('approve', Nothing)
export const LetGo = defineSignal('let-go', Nothing)
