import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { joinInstances } from '../../src/lib/buffer/instances.ts'
import { decodeLines } from '../../src/lib/buffer/read-lines.ts'
import { temporaryFolder } from '../support/folders.ts'

const writer = join(import.meta.dirname, '..', 'support', 'journal-writer.ts')
const numbersOfItsOwn = ['--pid', '--fork', '--kill-child']
const canUnshare = spawnSync('unshare', [...numbersOfItsOwn, 'true']).status === 0

/**
 * A real process that writes to the journal with a clock that is off; in a container where it has numbers of
 * its own.
 */
function startWriter(folder: string, offset: number): { child: ChildProcess; written: string[] } {
  const program = [process.execPath, writer, folder, String(offset)]
  const [command = '', ...rest] = canUnshare ? ['unshare', ...numbersOfItsOwn, ...program] : program
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const written: string[] = []
  child.stdout.on('data', (chunk: Buffer) => written.push(...String(chunk).split('\n').filter(Boolean)))
  return { child, written }
}

test.each([
  ['whose clock is 90 s behind', -90_000, false],
  ['whose clock is 90 s ahead', 90_000, false],
  ['whose owner file is empty', 0, true],
])('a live process %s keeps its segments, and a dead one loses none', async (_, offset, empty) => {
  const folder = temporaryFolder()
  const { child, written } = startWriter(folder, offset)
  await expect.poll(() => written.length).toBeGreaterThan(0)
  const owners = readdirSync(folder).filter((name) => name.endsWith('.owner'))
  // Minutes of watching in a moment, and half a second is a silence.
  const mine = joinInstances(folder, { watch: () => 1_000 * performance.now(), silentFor: 500 })
  const spoil = () => {
    for (const name of empty ? owners : []) {
      truncateSync(join(folder, name))
      chmodSync(join(folder, name), 0o600)
    }
  }
  for (let looks = 0; looks < 12; looks += 1) {
    spoil()
    expect(await mine.orphans()).toEqual([])
    await sleep(100)
  }
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  spoil()
  const found: string[] = []
  await expect
    .poll(async () => found.push(...(await mine.orphans()).map(({ path }) => path)))
    .toBeGreaterThan(0)
  const ids = found.flatMap((path) => decodeLines(readFileSync(path)).events).map((event) => event.event_id)
  expect(ids).toEqual(expect.arrayContaining(written))
})
