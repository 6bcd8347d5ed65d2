/** What `banyan run` is told by flags. */

/** As typed. */
export interface RunFlags {
  readonly project: string
  readonly services?: string
  readonly gateway?: boolean
  readonly name?: string
  readonly supervised?: boolean
}

/** Names as in `a,b`. */
export function toNames(text: string | undefined): readonly string[] {
  return (text ?? '').split(',').filter((name) => name !== '')
}
