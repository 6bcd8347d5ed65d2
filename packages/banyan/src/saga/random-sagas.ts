/** Sagas made of a seed: nested branches, steps, waits and failures, the same for the same seed. Support for tests. */
import type { Random } from '../core/environment/random.ts'
import type { BanyanError } from '../core/error.ts'
import type { Saga } from './saga.ts'

/** A piece of a saga. */
export type Piece =
  | { readonly is: 'step'; readonly name: string; readonly fails: 'never' | 'once' | 'always'; readonly ms: number }
  | { readonly is: 'tx'; readonly name: string }
  | { readonly is: 'sleep'; readonly ms: number }
  | { readonly is: 'wait'; readonly ms: number }
  | { readonly is: 'row' | 'all' | 'race'; readonly of: readonly Piece[] }

/** What a saga of pieces does its effects with. */
export interface Pieces {
  step(saga: Saga, piece: Extract<Piece, { is: 'step' }>): Promise<unknown>
  tx(saga: Saga, piece: Extract<Piece, { is: 'tx' }>): Promise<unknown>
  wait(saga: Saga, ms: number): Promise<unknown>
  /** Told what the function sees, in order; the same at every replay as far as it comes. */
  see(what: string): void
}

/** A saga of a seed: so many pieces at most, so deep at most. */
export function toPieces(random: Random, budget: { left: number }, prefix: string, depth = 0): Piece {
  const pick = random.next()
  budget.left -= 1
  const name = `${prefix}${budget.left}`
  if (depth < 3 && budget.left > 2 && pick < 0.45) {
    const of: Piece[] = []
    const width = 2 + Math.floor(random.next() * 3)
    while (of.length < width && budget.left > 0) of.push(toPieces(random, budget, prefix, depth + 1))
    return { is: pick < 0.2 ? 'row' : pick < 0.33 ? 'all' : 'race', of }
  }
  if (pick < 0.75) {
    const luck = random.next()
    const fails = luck < 0.04 ? 'always' : luck < 0.2 ? 'once' : 'never'
    return { is: 'step', name, fails, ms: Math.floor(random.next() * 400) }
  }
  if (pick < 0.85) return { is: 'tx', name }
  if (pick < 0.93) return { is: 'sleep', ms: Math.floor(random.next() * 3_000) }
  return { is: 'wait', ms: Math.floor(random.next() * 2_000) }
}

/** Runs a piece. */
export async function playPiece(saga: Saga, piece: Piece, pieces: Pieces): Promise<unknown> {
  switch (piece.is) {
    case 'step':
      return seen(pieces, piece.name, pieces.step(saga, piece))
    case 'tx':
      return seen(pieces, piece.name, pieces.tx(saga, piece))
    case 'sleep':
      return seen(pieces, 'sleep', saga.sleep(piece.ms))
    case 'wait':
      return seen(pieces, 'wait', pieces.wait(saga, piece.ms))
    case 'all':
      return saga.all(piece.of.map((one) => (branch: Saga) => playPiece(branch, one, pieces)))
    case 'race':
      return saga.race(piece.of.map((one) => (branch: Saga) => playPiece(branch, one, pieces)))
    case 'row':
      for (const one of piece.of) await playPiece(saga, one, pieces)
      return piece.of.length
  }
}

async function seen(pieces: Pieces, what: string, work: Promise<unknown>): Promise<unknown> {
  try {
    const result = await work
    pieces.see(`${what} gave ${JSON.stringify(result)}`)
    return result
  } catch (error) {
    pieces.see(`${what} failed ${(error as BanyanError).reason}`)
    throw error
  }
}
