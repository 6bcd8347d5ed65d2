// The shop as a user starts it: one process, embedded PostgreSQL.
import { blackBox } from './black-box.ts'
import { startShape } from './shapes.ts'

blackBox('the shop in the shape: one process, embedded PostgreSQL', () => startShape({ split: false, server: false }))
