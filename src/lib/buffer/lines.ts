/**
 * Lines of the journal in memory, as bytes outside the heap: what waits for the database in a rush would otherwise be
 * copied by the garbage collector while visitors wait.
 */
export type Lines = {
  /** Adds lines and answers them as bytes. */
  add(text: string): Uint8Array
  /** Takes back all; the bytes answered so far are written over. */
  clear(): void
  /** All of them. */
  readonly bytes: Buffer
}

const firstBytes = 8 * 1024
/** The most bytes that UTF-8 takes for a JavaScript character. */
const bytesPerCharacter = 3

export function createLines(): Lines {
  let store = Buffer.allocUnsafeSlow(firstBytes)
  let used = 0
  return {
    add(text) {
      const needed = used + bytesPerCharacter * text.length
      if (needed > store.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(2 * store.length, needed))
        store.copy(larger, 0, 0, used)
        store = larger
      }
      const from = used
      used += store.write(text, used)
      return store.subarray(from, used)
    },
    clear() {
      used = 0
    },
    get bytes() {
      return store.subarray(0, used)
    },
  }
}
