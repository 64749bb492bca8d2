/**
 * Tells what goes on failing: each cause at once, and again only after a minute, whatever comes between. `clock` is in
 * milliseconds, from anywhere.
 */
export function tellRarely(
  tell: (cause: string) => void,
  clock: () => number = () => performance.now(),
): (cause: string) => void {
  const told = new Map<string, number>()
  return (cause) => {
    const now = clock()
    for (const [known, at] of told) if (now - at >= againAfter) told.delete(known)
    if (told.has(cause)) return
    told.set(cause, now)
    tell(cause)
  }
}

const againAfter = 60_000
