/**
 * Loaded before a site (`node --import`), it freezes the disk as `fsfreeze` does: while there is a pipe at
 * `FREEZE`, whatever would change a file opens that pipe first, and so its thread waits until somebody opens
 * the other end.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const pipe = process.env.FREEZE ?? ''
const real = { open: fs.open, openSync: fs.openSync, promise: fs.promises.open }
const changing = 'appendFile chmod mkdir open rename rm unlink utimes write writeFile'.split(' ')

/** Reading goes on, and so does what goes to the log. */
function waits(name: string, [target, flags = 'r']: unknown[]): boolean {
  const reads = name === 'open' && (flags === 'r' || flags === 0)
  return !reads && target !== 1 && target !== 2 && fs.existsSync(pipe)
}

type Call = (...parameters: unknown[]) => unknown

/** Puts waiting before a function of `node:fs`. */
function wrap(holder: object, name: string, before: (go: () => unknown) => unknown): void {
  const method: unknown = Reflect.get(holder, name)
  if (typeof method !== 'function') return
  const call: Call = (...parameters) => Reflect.apply(method, holder, parameters)
  Reflect.set(holder, name, (...parameters: unknown[]) =>
    waits(name.replace(/Sync$/, ''), parameters) ? before(() => call(...parameters)) : call(...parameters),
  )
}

for (const name of changing) {
  wrap(fs, name, (go) => real.open(pipe, 'r', go))
  wrap(fs, `${name}Sync`, (go) => {
    real.openSync(pipe, 'r')
    return go()
  })
  wrap(fs.promises, name, (go) => real.promise(pipe, 'r').then(go))
}
syncBuiltinESMExports()
