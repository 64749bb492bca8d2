import { randomInt } from 'node:crypto'
import { freePort } from '../../src/lib/database/embedded/server.ts'

/**
 * A free port of those that no system hands out by itself: a program that asks for any port meanwhile does not get it,
 * and a server that was stopped or is not there yet finds it free.
 */
export async function steadyPort(): Promise<number> {
  for (;;) {
    const port = await freePort(randomInt(10_000, 32_000))
    if (port !== undefined) return port
  }
}
