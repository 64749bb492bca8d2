import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { messageOf } from '../base/result.ts'

/**
 * Identifies a process: by its pid and, if the system knows it, its start time, so that a later process with the same
 * pid differs. Undefined if there is no such process.
 */
export function processMark(pid: number, proc = '/proc'): string | undefined {
  try {
    const stat = readFileSync(`${proc}/${pid}/stat`, 'utf8')
    const afterName = stat.slice(stat.lastIndexOf(') ') + 2).split(' ')
    return afterName[0] === 'Z' ? undefined : `${pid}:${afterName[19]}`
  } catch {
    return process.platform !== 'linux' && isAlive(pid) ? `${pid}:` : undefined
  }
}

/**
 * Identifies where marks can be compared: one boot of one machine, and one PID namespace on it. Containers have their
 * own, and two machines can have the same name.
 */
export function processPlace(proc = '/proc'): string {
  const known = (read: () => string): string => {
    try {
      return read().trim()
    } catch {
      return ''
    }
  }
  const boot = known(() => readFileSync(`${proc}/sys/kernel/random/boot_id`, 'utf8'))
  return [hostname(), boot, known(() => readlinkSync(`${proc}/self/ns/pid`))].join(' ')
}

export const isMarkAlive = (mark: string): boolean => processMark(Number.parseInt(mark, 10)) === mark

/** Whether any process has this pid, even one that has ended but was not reaped by its parent. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return messageOf(error).includes('EPERM')
  }
}
