/** How many timers keep the process from ending. */
export const timers = (): number => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length

/** The fewest in some turns of the event loop: tests before may have left some that come and go. */
export async function fewestTimers(): Promise<number> {
  let fewest = timers()
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    fewest = Math.min(fewest, timers())
  }
  return fewest
}
