/**
 * For how long a test waits for something, in milliseconds. It comes within moments, or within many on a machine
 * that is slow: only what hangs ends here.
 */
export const patience = 180_000
