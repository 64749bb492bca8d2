/**
 * Journal lines in memory, as bytes outside the heap: otherwise, in a rush, the garbage collector would copy them while
 * visitors wait.
 */
export type Lines = {
  /** Adds lines and returns them as bytes. */
  add(text: string): Uint8Array
  /** Removes all lines; bytes that were returned are overwritten. */
  clear(): void
  /** All of them. */
  readonly bytes: Buffer
}

const firstBytes = 8 * 1024
/** Most UTF-8 bytes per UTF-16 code unit. */
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
