/** Counts. */
import { command, defineContract, event, query, t } from 'banyan'

export const Counter = defineContract('counter', {
  version: '1.0.0',
  owner: 'test-team',
  about: 'Counts.',
  operations: {
    add: command({
      input: t.Object({ by: t.Integer({ minimum: 1, maximum: 100 }) }),
      output: t.Object({ total: t.Integer() }),
      http: 'POST /counter',
    }),
    total: query({
      input: t.Object({}),
      output: t.Object({ total: t.Integer(), pid: t.Integer() }),
      http: 'GET /counter',
    }),
    slow: query({
      about: 'Answers after some time.',
      input: t.Object({ ms: t.Integer({ minimum: 0, maximum: 20_000 }) }),
      output: t.Object({ ms: t.Integer() }),
      timeoutMs: 30_000,
      http: 'GET /slow/:ms',
    }),
    throwLater: command({
      about: 'Throws where nobody catches.',
      input: t.Object({}),
      output: t.Object({}),
      http: 'POST /throw-later',
    }),
  },
  events: {
    added: event({ key: 'counter', data: t.Object({ counter: t.String(), by: t.Integer() }) }),
  },
})
