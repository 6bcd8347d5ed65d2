// What two independent tools say about a package before it is published: publint about its package.json and files,
// arethetypeswrong about what a user's compiler will resolve.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { repositoryRoot } from '../source/sources.ts'

/** Every complaint about one built folder and its tarball; an empty list is a pass. */
export async function checkPackage(output: string, tarball: string): Promise<string[]> {
  const json = JSON.parse(readFileSync(join(output, 'package.json'), 'utf8')) as Record<string, unknown>
  const { messages } = await publint({ pkgDir: output, strict: true, pack: false })
  const linted = messages
    .filter((message) => message.type !== 'suggestion')
    .map((message) => `publint: ${formatMessage(message, json) ?? message.code}`)
  return [...linted, ...(await checkTypes(tarball))]
}

async function checkTypes(tarball: string): Promise<string[]> {
  const flags = ['--profile', 'esm-only', '--no-definitely-typed', '--no-emoji', '--no-color', '--format', 'ascii']
  try {
    await promisify(execFile)(join(repositoryRoot, 'node_modules/.bin/attw'), [tarball, ...flags])
    return []
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    return [`arethetypeswrong: ${stdout ?? ''}${stderr ?? String(error)}`]
  }
}
