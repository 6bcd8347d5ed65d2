// Malformed requests against the shop as a user starts it.
import { malformed } from './malformed.ts'
import { startShape } from './shapes.ts'

malformed('malformed requests to the shop in one process', () => startShape({ split: false, server: false }))
malformed('malformed requests to the shop in many processes', () => startShape({ split: true, server: false }))
