// The shop as a user starts it: one process on a PostgreSQL server.
import { blackBox } from './black-box.ts'
import { startShape } from './shapes.ts'

blackBox('the shop in the shape: one process on a PostgreSQL server', () => startShape({ split: false, server: true }))
