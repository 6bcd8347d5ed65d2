/** A small system for the tests of the command: two services, a call and an event between them, and what makes hosts suffer. */
import { defineSystem, service } from 'banyan'
import { Counter } from './counter/contract.ts'
import { Greeter } from './greeter/contract.ts'

export default defineSystem({
  name: 'pair',
  services: [
    service(Counter, () => import('./counter/service.ts')),
    service(Greeter, () => import('./greeter/service.ts')),
  ],
})
