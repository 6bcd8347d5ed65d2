/**
 * The saga function of the model: groups of operations, one group after another, those of a group at once (`Promise.all`). What a
 * function would do next follows from its journal alone, as in a replay; so it is read off the journal here.
 *
 * An entry is two characters, the operation's number (0 for the run itself) and what came of it:
 * `+` done, `-` failed without effect, `?` failed and the effect is unknown, `m` a message came, `t` the time came, `P` the point
 * of no return, `U` undoing, `X` undone, `F` its undo failed, `M` mended by a person.
 */

/** An operation. Steps have a participant each, in another service. */
export type Op =
  | { readonly is: 'step'; readonly refusable: boolean }
  | { readonly is: 'point' }
  | { readonly is: 'wait'; readonly event: boolean }

/** Operations by group, numbered from 1 throughout. */
export interface Program {
  readonly groups: readonly (readonly number[])[]
  readonly ops: ReadonlyMap<number, Op>
  readonly steps: readonly number[]
}

const words: Readonly<Record<string, Op>> = {
  step: { is: 'step', refusable: false },
  'step?': { is: 'step', refusable: true },
  point: { is: 'point' },
  sleep: { is: 'wait', event: false },
  wait: { is: 'wait', event: true },
}

/** `step, step? & step, point`: groups by comma, what is at once by `&`; a `step?` can be refused by its participant. */
export function toProgram(text: string): Program {
  const ops = new Map<number, Op>()
  const groups = text.split(',').map((group) =>
    group.split('&').map((word) => {
      const op = words[word.trim()]
      if (op === undefined) throw new TypeError(`"${word.trim()}" is no operation`)
      ops.set(ops.size + 1, op)
      return ops.size
    }),
  )
  return { groups, ops, steps: [...ops].flatMap(([seq, op]) => (op.is === 'step' ? [seq] : [])) }
}

/** What a journal says of an operation: the letter, or undefined when there is no entry. */
export function outcomeOf(journal: string, seq: number): string | undefined {
  const digit = String(seq)
  for (let at = 0; at < journal.length; at += 2) {
    const letter = journal[at + 1] as string
    if (journal[at] === digit && '+-?mtP'.includes(letter)) return letter
  }
  return undefined
}

/** True when the journal has this entry. */
export function hasEntry(journal: string, entry: string): boolean {
  for (let at = 0; at < journal.length; at += 2) if (journal.startsWith(entry, at)) return true
  return false
}

export function isUndoing(journal: string): boolean {
  return journal.includes('0U')
}

export function passedPoint(journal: string): boolean {
  return journal.includes('P')
}

/** A step failed, and the function has thrown. */
export function hasFailed(journal: string): boolean {
  return journal.includes('-') || journal.includes('?')
}

/** The first group that is not through: its operations without an outcome are the frontier. Undefined at the end of the function. */
export function currentGroup(program: Program, journal: string): readonly number[] | undefined {
  return program.groups.find((group) => group.some((seq) => !isThrough(journal, seq)))
}

function isThrough(journal: string, seq: number): boolean {
  const outcome = outcomeOf(journal, seq)
  return outcome !== undefined && outcome !== '-' && outcome !== '?'
}

/**
 * Steps whose undo is still to be done, in order of start: those that are done or unknown, and those that may have begun without
 * an outcome (they are in the last group that was reached before the undoing began).
 */
export function toUndo(program: Program, journal: string): readonly number[] {
  const before = journal.slice(0, journal.indexOf('0U'))
  const reached: number[] = []
  for (const group of program.groups) {
    reached.push(...group)
    if (group.some((seq) => !isThrough(before, seq))) break
  }
  return reached.filter(
    (seq) => program.ops.get(seq)?.is === 'step' && outcomeOf(journal, seq) !== '-' && !hasEntry(journal, `${seq}X`),
  )
}
