/** The floor: the same handlers as plain asynchronous functions, with nothing around them. */
import { loopOver, serveVariant } from './loop.ts'
import { answer, operationNames } from './payloads.ts'

serveVariant(loopOver(operationNames.map(() => async (given) => answer(given))))
