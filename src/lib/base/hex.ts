/**
 * The bytes of hexadecimal digits; `undefined` for anything else, and for fewer than `least` bytes: a truncated key
 * could be guessed.
 */
export const bytesOf = (digits: string | undefined, least: number): Buffer | undefined =>
  digits !== undefined && digits.length >= 2 * least && /^(?:[0-9a-f]{2})+$/i.test(digits)
    ? Buffer.from(digits, 'hex')
    : undefined
