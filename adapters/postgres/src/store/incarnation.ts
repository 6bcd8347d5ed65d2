/** Reads which run of the server a session is on; see the migration of the same name. */
import type { Session } from '../client/session.ts'
import { isConnectionLoss } from '../client/sql-error.ts'

const readText = 'SELECT id FROM banyan.incarnation'
const writeText = 'INSERT INTO banyan.incarnation DEFAULT VALUES ON CONFLICT DO NOTHING'

/**
 * The id of this run of the server, made by the first session after a crash; undefined where the table does not exist yet or
 * cannot be written to, and then nothing may be concluded from transaction ids.
 */
export async function readIncarnation(session: Session): Promise<string | undefined> {
  try {
    const known = await read(session)
    if (known !== undefined) return known
    await session.query(writeText)
    return await read(session)
  } catch (error) {
    if (isConnectionLoss(error)) throw error
    return undefined
  }
}

async function read(session: Session): Promise<string | undefined> {
  return (await session.query(readText)).rows[0]?.id
}
