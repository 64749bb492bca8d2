import { execFile, execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A disk of its own that can be filled and frozen. */
export type Disk = {
  folder: string
  fill(): void
  /** Every write to it waits from now on. */
  freeze(): Promise<void>
  /** Undoes every fault. */
  mend(): Promise<void>
  remove(): void
}

const megabyte = 1024 * 1024

/** `undefined` where none can be mounted: that takes root, `mkfs.ext4`, and loop devices. */
export function openDisk(place: string): Disk | undefined {
  const image = join(place, 'disk.img')
  const folder = join(place, 'disk')
  const filler = join(folder, 'filler')
  const quiet = { stdio: 'ignore' } as const
  try {
    mkdirSync(folder)
    writeFileSync(image, '')
    truncateSync(image, 16 * megabyte)
    execFileSync('mkfs.ext4', ['-q', image], quiet)
    execFileSync('mount', ['-o', 'loop,noatime', image, folder], quiet)
  } catch {
    return undefined
  }
  let frozen = false
  const thaw = () => {
    if (frozen) execFileSync('fsfreeze', ['--unfreeze', folder], quiet)
    frozen = false
  }
  const remove = () => {
    thaw()
    execFileSync('umount', ['--lazy', folder], quiet)
    process.off('exit', remove)
  }
  process.on('exit', remove)
  return {
    folder,
    fill() {
      const file = openSync(filler, 'w')
      try {
        for (const chunk = Buffer.alloc(4_096); ; ) writeSync(file, chunk)
      } catch {
        closeSync(file)
      }
    },
    async freeze() {
      frozen = true
      await run('fsfreeze', ['--freeze', folder])
    },
    async mend() {
      thaw()
      rmSync(filler, { force: true })
    },
    remove,
  }
}
