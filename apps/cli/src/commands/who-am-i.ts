/** Who asks, for what is kept with requests. */
import { userInfo } from 'node:os'

/** The name of the user whose process this is. */
export function whoAmI(): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown'
  }
}
