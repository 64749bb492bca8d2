import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { ok } from '../lib/base/result.ts'
import { failed } from './command.ts'

/** The password from the terminal, which does not show it, or the first line of piped input. */
export async function readPassword() {
  if (!process.stdin.isTTY) {
    const [line = ''] = (await text(process.stdin)).split(/\r?\n/)
    return line === '' ? failed('Standard input holds no password') : ok(line)
  }
  const password = await askSilently('Password: ')
  if (password === undefined) return failed('Cancelled')
  const again = await askSilently('Password again: ')
  if (again === undefined) return failed('Cancelled')
  return password === again ? ok(password) : failed('The two passwords differ')
}

/** `undefined` where the person gave up. */
async function askSilently(question: string): Promise<string | undefined> {
  process.stderr.write(question)
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input: process.stdin, output: silence, terminal: true, historySize: 0 })
  const answer = await new Promise<string | undefined>((resolve) => {
    reader.once('line', resolve)
    reader.once('SIGINT', () => resolve(undefined))
    reader.once('close', () => resolve(undefined))
  })
  reader.close()
  process.stderr.write('\n')
  return answer
}
