import { createAddressReader } from '../base/address.ts'

/** The index in the list of the network that contains an address, -1 if none does. */
export type NetworkLookup = (address: string) => number

/** A network as its lowest and highest address, 16 bytes each. */
export type NetworkRange = { version: 4 | 6; first: DataView; last: DataView }

const addressBytes = 16

/** Reads `address/prefix`, or one address; `undefined` if it is neither, or if bits after the prefix are set. */
export function parseNetwork(text: string): NetworkRange | undefined {
  const reader = createAddressReader()
  const [address = '', prefix, ...rest] = text.split('/')
  const version = address.includes('%') ? 0 : reader.read(address)
  if (version === 0 || rest.length > 0) return undefined
  const written = address.includes(':') ? 128 : 32
  const length = prefix === undefined ? written : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
  // An IPv4 network in IPv6 form counts its prefix from the beginning of the longer address.
  const bits = 128 - written + length
  if (!(length <= written) || (version === 4 && bits < 96)) return undefined
  const first = new DataView(new ArrayBuffer(addressBytes))
  const last = new DataView(new ArrayBuffer(addressBytes))
  for (let at = 0; at < addressBytes; at += 4) {
    const word = reader.bytes.getUint32(at)
    const free = freeBits(bits - 8 * at)
    if ((word & free) !== 0) return undefined
    first.setUint32(at, word)
    last.setUint32(at, word | free)
  }
  return { version, first, last }
}

/** All networks of a list that contain an address, checked one by one; for output to people. */
export const networksAround = <Network extends { cidr: string }>(
  networks: readonly Network[],
  address: string,
): Network[] =>
  networks.filter(({ cidr }) => {
    const range = parseNetwork(cidr)
    return range !== undefined && createNetworkLookup([range])(address) === 0
  })

/** The mask of the bits of a word after a prefix that has this many bits in it. */
const freeBits = (prefix: number): number =>
  prefix >= 32 ? 0 : prefix <= 0 ? 0xffff_ffff : 0xffff_ffff >>> prefix

/**
 * Finds the network of an address in a logarithmic number of steps. Two networks are nested or disjoint, so the widest
 * ones, sorted, are enough. A look-up allocates nothing.
 */
export function createNetworkLookup(ranges: readonly NetworkRange[]): NetworkLookup {
  const four = tableOf(ranges, 4)
  const six = tableOf(ranges, 6)
  const { bytes, read } = createAddressReader()
  return (address) => {
    const version = read(address)
    return version === 0 ? -1 : findIn(version === 4 ? four : six, bytes)
  }
}

/** Addresses in sequence, and the indexes of their networks in the list. */
type NetworkTable = { first: DataView; last: DataView; places: DataView; size: number }

function tableOf(ranges: readonly NetworkRange[], version: 4 | 6): NetworkTable {
  const sorted = ranges
    .map((range, place) => ({ ...range, place }))
    .filter((range) => range.version === version)
    .sort((one, other) => compare(one.first, 0, other.first) || compare(other.last, 0, one.last))
  const widest: typeof sorted = []
  for (const range of sorted) {
    const before = widest.at(-1)
    if (!before || compare(range.first, 0, before.last) > 0) widest.push(range)
  }
  const size = widest.length
  const first = new DataView(new ArrayBuffer(addressBytes * size))
  const last = new DataView(new ArrayBuffer(addressBytes * size))
  const places = new DataView(new ArrayBuffer(4 * size))
  for (const [index, range] of widest.entries()) {
    places.setUint32(4 * index, range.place)
    for (let at = 0; at < addressBytes; at += 4) {
      first.setUint32(addressBytes * index + at, range.first.getUint32(at))
      last.setUint32(addressBytes * index + at, range.last.getUint32(at))
    }
  }
  return { first, last, places, size }
}

function findIn({ first, last, places, size }: NetworkTable, address: DataView): number {
  let low = 0
  let high = size
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(first, addressBytes * middle, address) <= 0) low = middle + 1
    else high = middle
  }
  const candidate = low - 1
  return candidate >= 0 && compare(last, addressBytes * candidate, address) >= 0
    ? places.getUint32(4 * candidate)
    : -1
}

/** Negative, 0 or positive if the address at an index of a table is below, equal to or above another one. */
function compare(table: DataView, place: number, address: DataView): number {
  for (let at = 0; at < addressBytes; at += 4) {
    const one = table.getUint32(place + at)
    const other = address.getUint32(at)
    if (one !== other) return one < other ? -1 : 1
  }
  return 0
}
