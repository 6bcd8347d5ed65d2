/** Where generated passwords are kept between starts. */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Passwords by the name of a role. */
export interface PasswordStore {
  get(name: string): Promise<string | undefined>
  set(name: string, password: string): Promise<void>
}

/**
 * Passwords as files of mode 600 in a folder of mode 700, one per role, replaced as a whole.
 *
 * @example
 * const passwords = filePasswords('.banyan/passwords')
 */
export function filePasswords(folder: string): PasswordStore {
  return {
    async get(name) {
      try {
        const text = (await readFile(join(folder, name), 'utf8')).trim()
        return text === '' ? undefined : text
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    async set(name, password) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const temporary = join(folder, `.${name}.${randomBytes(6).toString('hex')}`)
      await writeFile(temporary, `${password}\n`, { mode: 0o600, flag: 'wx' })
      await rename(temporary, join(folder, name))
    },
  }
}

/** 192 random bits that need no escaping anywhere. */
export function generatePassword(): string {
  return randomBytes(24).toString('base64url')
}
