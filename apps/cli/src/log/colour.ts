/** Colour, only where a person looks on: a terminal, and no NO_COLOR (https://no-color.org). */
import type { LinePainter } from './format-line.ts'

/** Whether to paint. */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false
  if (!['', '0', undefined].includes(env['FORCE_COLOR'])) return true
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}

const colourise = (code: string, text: string): string => `\u001b[${code}m${text}\u001b[0m`
/** Six colours that can be read on black and on white. */
const wheel = ['36', '35', '34', '33', '32', '31']
const levelColours: Readonly<Record<string, string>> = { debug: '2', info: '32', warn: '33', error: '31;1' }

/** Paints names in colours that stay the same while it runs, in the order in which they are first seen. */
export function createPainter(colour: boolean): LinePainter {
  if (!colour) return { name: (name) => name, level: (_, text) => text, dim: (text) => text }
  const seen = new Map<string, string>()
  return {
    name(padded) {
      const name = padded.trim()
      let code = seen.get(name)
      if (code === undefined) {
        code = wheel[seen.size % wheel.length] as string
        seen.set(name, code)
      }
      return colourise(code, padded)
    },
    level: (level, text) => colourise(levelColours[level] ?? '0', text),
    dim: (text) => colourise('2', text),
  }
}
