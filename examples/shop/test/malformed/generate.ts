// All malformed requests for one seed, every route among them.

import { createSeededRandom } from '../seeded-random.ts'
import { orderBodies, stockBodies } from './bodies.ts'
import { framingRequests } from './framing.ts'
import { headRequests, pathRequests } from './paths.ts'
import type { MalformedRequest, Target } from './request.ts'

/** By kind, for a test each. The same seed and target give the same bytes. */
export function malformedRequests(target: Target, seed: number): Record<string, MalformedRequest[]> {
  const random = createSeededRandom(seed)
  return {
    'bodies of orders': orderBodies(target, random),
    'bodies of stock levels': stockBodies(target, random),
    'paths and queries': pathRequests(target),
    'methods, types and headers': headRequests(target, random),
    framing: framingRequests(target),
  }
}
