// The shop as a user starts it: --split all, embedded PostgreSQL.
import { blackBox } from './black-box.ts'
import { startShape } from './shapes.ts'

blackBox('the shop in the shape: --split all, embedded PostgreSQL', () => startShape({ split: true, server: false }))
