/** Parses addresses into numbers. Allocates only its buffer, once per reader. */
export type AddressReader = {
  /** The 16 bytes of the last address, most significant first; for IPv4 the last four. */
  bytes: DataView
  /**
   * Parses an IPv4 or IPv6 address; an IPv4-mapped address (RFC 4291, 2.5.5.2) or one with the translation prefix (RFC
   * 6052, 2.1) is an IPv4 one. 0 if the text is neither.
   */
  read: (text: string) => 0 | 4 | 6
}

const dot = 46
const colon = 58
const percent = 37
const mapped = 0xffff
const translated = 0x64_ff9b

export function createAddressReader(): AddressReader {
  const buffer = new ArrayBuffer(16)
  const bytes = new DataView(buffer)
  const all = new Uint8Array(buffer)

  const read = (text: string): 0 | 4 | 6 => {
    if (text.indexOf(':') === -1) {
      const value = readIPv4(text, 0, text.length)
      if (value === -1) return 0
      all.fill(0)
      bytes.setUint32(12, value)
      return 4
    }
    if (!readGroups(text, bytes, all)) return 0
    const [first, second, third] = [bytes.getUint32(0), bytes.getUint32(4), bytes.getUint32(8)]
    const four = first === 0 ? third === mapped : first === translated && third === 0
    if (!four || second !== 0) return 6
    bytes.setUint32(0, 0)
    bytes.setUint32(8, 0)
    return 4
  }
  return { bytes, read }
}

/**
 * Names what counts as one client: an IPv4 address, or the network of an IPv6 address. A text that is neither
 * stays.
 */
export type NetworkReader = (address: string) => string

/**
 * The holder of one IPv6 address has its whole /64 network (RFC 4291, section 2.5.1), and most systems
 * change their address in it every day.
 */
export function createNetworkReader(): NetworkReader {
  const { bytes, read } = createAddressReader()
  return (address) => {
    const family = read(address)
    if (family === 6) return `${bytes.getUint32(0).toString(16)}:${bytes.getUint32(4).toString(16)}/64`
    if (family === 0 || address.indexOf(':') === -1) return address
    return `${bytes.getUint8(12)}.${bytes.getUint8(13)}.${bytes.getUint8(14)}.${bytes.getUint8(15)}`
  }
}

/** Four decimal numbers between two positions in the text; -1 if there is anything else. */
function readIPv4(text: string, from: number, end: number): number {
  let value = 0
  let parts = 0
  let digits = 0
  let part = 0
  for (let index = from; index <= end; index += 1) {
    const code = index === end ? dot : text.charCodeAt(index)
    if (code >= 48 && code <= 57) {
      if (digits > 0 && part === 0) return -1
      part = part * 10 + code - 48
      digits += 1
      if (part > 255) return -1
    } else if (code === dot && digits > 0 && parts < 4) {
      value = value * 256 + part
      parts += 1
      digits = 0
      part = 0
    } else {
      return -1
    }
  }
  return parts === 4 ? value : -1
}

/** Eight groups of hexadecimal digits, with "::" for a run of zeros and perhaps an IPv4 address in the last two. */
function readGroups(text: string, bytes: DataView, all: Uint8Array): boolean {
  const end = endOf(text)
  let count = 0
  let gap = -1
  let index = 0
  while (index < end) {
    if (text.charCodeAt(index) === colon) {
      if (text.charCodeAt(index + 1) !== colon || gap !== -1) return false
      gap = count
      index += 2
      continue
    }
    const next = endOfGroup(text, index, end)
    if (text.charCodeAt(next) === dot) {
      const value = readIPv4(text, index, end)
      if (value === -1 || count > 6) return false
      bytes.setUint32(2 * count, value)
      count += 2
      index = end
      break
    }
    const value = readHex(text, index, next)
    if (value === -1 || count > 7) return false
    bytes.setUint16(2 * count, value)
    count += 1
    index = next
    if (index + 1 === end) return false
    if (text.charCodeAt(index + 1) !== colon) index += 1
  }
  if (gap === -1) return count === 8
  if (count > 7) return false
  const after = 2 * (8 - (count - gap))
  all.copyWithin(after, 2 * gap, 2 * count)
  all.fill(0, 2 * gap, after)
  return true
}

/** A zone (`fe80::1%eth0`) belongs to the machine and not to the address. */
function endOf(text: string): number {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) === percent) return index
  }
  return text.length
}

function endOfGroup(text: string, from: number, end: number): number {
  let index = from
  while (index < end && text.charCodeAt(index) !== colon && text.charCodeAt(index) !== dot) index += 1
  return index
}

function readHex(text: string, from: number, to: number): number {
  if (to - from > 4) return -1
  let value = 0
  for (let index = from; index < to; index += 1) {
    const digit = hexDigit(text.charCodeAt(index))
    if (digit === -1) return -1
    value = value * 16 + digit
  }
  return value
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** IPv4 addresses also arrive in IPv6 form; both are one address. */
export const plainAddress = (address: string): string =>
  address.replace(/^::ffff:(?=\d+\.)/i, '').toLowerCase()
