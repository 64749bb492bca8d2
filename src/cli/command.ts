import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { fail, messageOf, type Result } from '../lib/base/result.ts'
import { writeError, writeOut } from './terminal.ts'

/** `usage`: the command was called wrongly (exit code 2). `failed`: it could not do its work (exit code 1). */
export type CommandFault = { code: 'usage' | 'failed'; message: string }

export type Outcome = Result<void, CommandFault>

export type Command = {
  name: string
  /** One line of the overview. */
  summary: string
  /** What follows "promo <name>". */
  synopsis: string
  /** What it does, its options, an example. */
  help: string
  run: (args: string[]) => Promise<Outcome>
}

export const misused = (message: string) => fail<CommandFault>({ code: 'usage', message })
export const failed = (message: string) => fail<CommandFault>({ code: 'failed', message })

export const print = (line: string): void => {
  writeOut(`${line}\n`)
}

/** For what must not mix with a result on standard output. */
export const remark = (line: string): void => {
  writeError(`${line}\n`)
}

/** A number with its noun, which takes an s. */
export const count = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? '' : 's'}`

type Read<Options extends ParseArgsOptionsConfig> = {
  values: ReturnType<typeof parseArgs<{ options: Options }>>['values']
  operands: string[]
}

/**
 * Reads the options and exactly the named operands of a command; one whose name ends in a question mark may be
 * missing.
 */
export function readArguments<const Options extends ParseArgsOptionsConfig>(
  args: string[],
  options: Options,
  names: readonly string[] = [],
): Result<Read<Options>, CommandFault> {
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
    const missing = names[positionals.length]
    if (missing !== undefined && !missing.endsWith('?')) return misused(`${missing} is missing`)
    const [surplus] = positionals.slice(names.length)
    if (surplus !== undefined) return misused(`"${surplus}" is one argument too many`)
    return { ok: true, value: { values, operands: positionals } }
  } catch (error) {
    // Node's second sentence speaks of arguments that begin with a dash, which no command here has.
    return misused(messageOf(error).split(/\. |\n/)[0] ?? '')
  }
}
