/** The rules on which the executor's safety rests, each by name, so that each can be left out to see what it is for. */

export interface Rules {
  /** What of a write is compared with the row: its holder, its epoch. */
  readonly fence: 'holder and epoch' | 'holder' | 'epoch' | 'none'
  /** The epoch is raised when a run is taken. */
  readonly takeRaises: boolean
  /** The epoch is raised when a dead host's run is let go. */
  readonly reapRaises: boolean
  /** A dead host's run is due when it is let go. */
  readonly reapMakesDue: boolean
  /** A heartbeat lets go what the row says this host holds and the host does not know of (the answer to a take was lost). */
  readonly beatHeals: boolean
  /** Letting go is refused when mail has come that the writer has not read. */
  readonly waitMindsMail: boolean
  /** So is the point of no return. */
  readonly pointMindsMail: boolean
  /** A message makes a run that nobody holds due. */
  readonly mailMakesDue: boolean
  /** A wait that goes on after a message that was not for it keeps its time. */
  readonly rewaitKeepsTimer: boolean
  /** The store looks whether it knows a write before it looks at the mail. */
  readonly knownBeforeMail: boolean
  /** A write in whose place other entries stand does nothing: a write is known by what is in it. */
  readonly conflictsAreVoid: boolean
  /** Of a write it knows, it still carries out the letting go, if the run is still held. */
  readonly knownWaitIsDone: boolean
  /** A call with a key that was seen does nothing again. */
  readonly keys: boolean
  /** An undo leaves a tombstone, so that its forward call does nothing when it comes late. */
  readonly tombstones: boolean
  /** No effect begins before all earlier entries are durable. */
  readonly effectsWait: boolean
  /** The last step that was started is undone first. */
  readonly undoFromTheEnd: boolean
  /** A step's outcome is unknown if that of any attempt is, of this holder; not only of the last one. */
  readonly unknownSticks: boolean
  /** So it is if an earlier holder may have begun it. */
  readonly inheritedIsUnknown: boolean
  /** A write of unknown fate is sent again as it was; nothing else is written before its fate is known. */
  readonly sendsSameAgain: boolean
}

/** The executor as it is meant to be. */
export const allRules: Rules = {
  fence: 'holder and epoch',
  takeRaises: true,
  reapRaises: true,
  reapMakesDue: true,
  beatHeals: true,
  waitMindsMail: true,
  pointMindsMail: true,
  mailMakesDue: true,
  rewaitKeepsTimer: true,
  knownBeforeMail: true,
  conflictsAreVoid: true,
  knownWaitIsDone: true,
  keys: true,
  tombstones: true,
  effectsWait: true,
  undoFromTheEnd: true,
  unknownSticks: true,
  inheritedIsUnknown: true,
  sendsSameAgain: true,
}
