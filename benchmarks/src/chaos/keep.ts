/**
 * Looks after the log while everything is killed, as hosts do: retention with a short rule, behind the readers that live, and the
 * audit of the source. What the audit says must agree with the ledger, and what is dropped must not be missed by anybody.
 */
import { createLogKeeper, type LogKeeping } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import type { Store } from 'banyan/store'
import { eventType, producing } from './scene.ts'

const everyMs = 3_000
/** Readers tell where they are every half minute, so nothing goes sooner. */
const ageMs = 20_000

export interface KeptLog {
  /** The last audit, with everything at rest, in a line; and whether any found a fault. */
  finish(): Promise<{ readonly line: string; readonly faulty: number }>
}

export function keepLog(keeping: LogKeeping, producer: Store, say: (line: string) => void): KeptLog {
  const keeper = createLogKeeper({
    environment: realEnvironment(),
    keeping,
    sources: [{ source: producing, outbox: producer.outbox, isOurs: () => true }],
    groups: [],
    rules: [{ source: producing, type: eventType, ageMs }],
    everyMs,
    log: {
      info: () => undefined,
      warn: (message, fields) => {
        // What is away is what this is about; what is found is not.
        if (!message.startsWith('looking after')) say(`keeper: ${message} ${JSON.stringify(fields)}`)
      },
    },
  })
  keeper.start()
  return {
    async finish() {
      await keeper.stop(10_000)
      await keeper.round()
      const { sources, dropped, rounds, errors, lastError } = keeper.status()
      const audit = sources[producing]
      if (audit === undefined) return { line: `audit: could not run: ${lastError ?? 'no reason given'}`, faulty: 1 }
      const { counted = 'nothing', missing, duplicated, inverted } = audit.last
      const found = `counted ${counted}, missing ${missing}, duplicated ${duplicated}, inverted ${inverted}`
      const kept = `${rounds} rounds, ${errors} errors, ${dropped.events} events dropped in ${dropped.segments} segments`
      return { line: `audit: ${found}; ${kept}`, faulty: audit.faulty }
    },
  }
}
