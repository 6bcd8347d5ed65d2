/** The times by which schedules are kept, in milliseconds. */

/** A host that dies without a word is replaced after this time, in milliseconds. */
export const leaseMs = 15_000
/** The longest sleep, in milliseconds. */
export const maxSleepMs = 5_000
/** How long to wait before asking again for an assignment that somebody else holds. */
export const heldRetryMs = 1_000
/** What a stop has after the run under way: for the low-water mark and the release. */
export const afterRunMs = 2_000
/** Marks older than this are removed, in milliseconds, and how often that is looked at. */
export const keepMarksMs = 86_400_000
export const trimEveryMs = 600_000
