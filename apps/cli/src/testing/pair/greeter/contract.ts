/** Greets, and listens to the counter. */
import { defineContract, query, t } from 'banyan'

export const Greeter = defineContract('greeter', {
  version: '1.0.0',
  owner: 'test-team',
  about: 'Greets with what the counter has counted.',
  operations: {
    greet: query({
      input: t.Object({ name: t.String({ minLength: 1, maxLength: 20 }) }),
      output: t.Object({ text: t.String(), pid: t.Integer(), counterPid: t.Integer() }),
      http: 'GET /greet/:name',
    }),
    heard: query({
      about: 'The sum of all that was heard of the counter.',
      input: t.Object({}),
      output: t.Object({ sum: t.Integer() }),
      http: 'GET /heard',
    }),
  },
})
