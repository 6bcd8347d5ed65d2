/** The key under which something of a group is kept: two texts, whatever is in them, without two pairs ever meeting. */
export function nameOf(group: string, other: string): string {
  return JSON.stringify([group, other])
}
