const againAfter = 60_000

/**
 * Warns of repeated failures: of each cause at once, and again only after a minute, even if others come
 * between. `clock` is in milliseconds, from anywhere.
 */
export function warnRarely(
  warn: (cause: string) => void,
  clock: () => number = () => performance.now(),
): (cause: string) => void {
  const warnedAt = new Map<string, number>()
  return (cause) => {
    const now = clock()
    for (const [known, at] of warnedAt) if (now - at >= againAfter) warnedAt.delete(known)
    if (warnedAt.has(cause)) return
    warnedAt.set(cause, now)
    warn(cause)
  }
}
