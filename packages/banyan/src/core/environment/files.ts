/** The few things Banyan does with files: small documents, written whole. */

/** The files of one environment: on a disk, or in memory. Paths are the operating system's. */
export interface Files {
  /** The text, or undefined when there is no such file. */
  readText(path: string): Promise<string | undefined>
  /** Replaces the file at once (a reader sees the old text or the new); `mode` as in chmod, 0o600 by default. */
  writeText(path: string, text: string, options?: { readonly mode?: number }): Promise<void>
  /** Removes a file; nothing happens when there is none. */
  remove(path: string): Promise<void>
  /** Names in a folder, sorted; empty when there is none. */
  list(path: string): Promise<readonly string[]>
}
