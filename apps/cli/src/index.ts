/** @banyan/cli: the `banyan` command, for programs that want to start it in their own process. */
export { main } from './program.ts'
