import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { isAlive, isMarkAlive, processMark, processPlace } from '../../src/lib/processes/process-mark.ts'
import { temporaryFolder } from '../support/folders.ts'

afterEach(() => vi.restoreAllMocks())

const ended = async (): Promise<number> => {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid ?? 0
}

test('a mark identifies a process while it lives, and no later one with its number', async () => {
  const mark = processMark(process.pid) ?? ''
  expect(mark).toMatch(new RegExp(`^${process.pid}:`))
  expect(isMarkAlive(mark)).toBe(true)
  expect(isMarkAlive(`${process.pid}:before`)).toBe(false)
  expect(processMark(await ended())).toBeUndefined()
})

test('a place names host, boot and PID namespace, as far as the system reveals them', () => {
  const proc = temporaryFolder()
  expect(processPlace()).toBe(processPlace())
  expect(processPlace(proc)).toBe(`${hostname()}  `)
  mkdirSync(join(proc, 'sys', 'kernel', 'random'), { recursive: true })
  mkdirSync(join(proc, 'self', 'ns'), { recursive: true })
  writeFileSync(join(proc, 'sys', 'kernel', 'random', 'boot_id'), 'b0\n')
  symlinkSync('pid:[1]', join(proc, 'self', 'ns', 'pid'))
  expect(processPlace(proc)).toBe(`${hostname()} b0 pid:[1]`)
})

test('if the system does not show start times, a mark says that the process lives', async () => {
  const system = vi.spyOn(process, 'platform', 'get').mockReturnValue('darwin')
  const proc = temporaryFolder()
  expect(processMark(process.pid, proc)).toBe(`${process.pid}:`)
  expect(processMark(await ended(), proc)).toBeUndefined()
  system.mockReturnValue('linux')
  expect(processMark(process.pid, proc)).toBeUndefined()
})

test("another user's process lives", () => {
  expect(isAlive(process.pid)).toBe(true)
  const kill = vi.spyOn(process, 'kill')
  kill.mockImplementation(() => {
    throw new Error('kill EPERM')
  })
  expect(isAlive(1)).toBe(true)
  kill.mockImplementation(() => {
    throw new Error('kill ESRCH')
  })
  expect(isAlive(1)).toBe(false)
})
