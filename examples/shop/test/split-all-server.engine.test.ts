// The shop as a user starts it: --split all on a PostgreSQL server.
import { blackBox } from './black-box.ts'
import { startShape } from './shapes.ts'

blackBox('the shop in the shape: --split all on a PostgreSQL server', () => startShape({ split: true, server: true }))
