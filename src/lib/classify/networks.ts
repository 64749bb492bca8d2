import { createAddressReader } from '../base/address.ts'

/** The network that contains an address; `undefined` if none does. */
type NetworkLookup<Network> = (address: string) => Network | undefined

/** A network as its lowest and highest address, 16 bytes each. */
type NetworkRange = { version: 4 | 6; first: DataView; last: DataView }

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
): Network[] => networks.filter((network) => createNetworkLookup([network])(address) !== undefined)

/** The mask of the bits of a word after a prefix that has this many bits in it. */
const freeBits = (prefix: number): number => (prefix >= 32 ? 0 : 0xffff_ffff >>> Math.max(0, prefix))

/**
 * Finds the network of an address in a logarithmic number of steps; what is no network is left out. Two networks are
 * nested or disjoint, so the widest ones, sorted, are enough. A look-up allocates nothing.
 */
export function createNetworkLookup<Network extends { cidr: string }>(
  networks: readonly Network[],
): NetworkLookup<Network> {
  const given = networks.map((network) => ({ network, range: parseNetwork(network.cidr) }))
  const four = tableOf(given, 4)
  const six = tableOf(given, 6)
  const { bytes, read } = createAddressReader()
  return (address) => {
    const version = read(address)
    return version === 0 ? undefined : findIn(version === 4 ? four : six, bytes)
  }
}

/** Addresses in sequence, and their networks. */
type NetworkTable<Network> = { first: DataView; last: DataView; networks: readonly Network[] }

function tableOf<Network>(
  given: readonly { network: Network; range: NetworkRange | undefined }[],
  version: 4 | 6,
): NetworkTable<Network> {
  const sorted = given
    .flatMap(({ network, range }) => (range?.version === version ? [{ ...range, network }] : []))
    .sort((one, other) => compare(one.first, 0, other.first) || compare(other.last, 0, one.last))
  const widest: typeof sorted = []
  for (const range of sorted) {
    const before = widest.at(-1)
    if (!before || compare(range.first, 0, before.last) > 0) widest.push(range)
  }
  const first = new DataView(new ArrayBuffer(addressBytes * widest.length))
  const last = new DataView(new ArrayBuffer(addressBytes * widest.length))
  for (const [index, range] of widest.entries()) {
    for (let at = 0; at < addressBytes; at += 4) {
      first.setUint32(addressBytes * index + at, range.first.getUint32(at))
      last.setUint32(addressBytes * index + at, range.last.getUint32(at))
    }
  }
  return { first, last, networks: widest.map(({ network }) => network) }
}

function findIn<Network>(
  { first, last, networks }: NetworkTable<Network>,
  address: DataView,
): Network | undefined {
  let low = 0
  let high = networks.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(first, addressBytes * middle, address) <= 0) low = middle + 1
    else high = middle
  }
  const candidate = low - 1
  return candidate >= 0 && compare(last, addressBytes * candidate, address) >= 0
    ? networks[candidate]
    : undefined
}

/** Negative, 0 or positive if the address at an index of a table is below, equal to or above another one. */
function compare(table: DataView, place: number, address: DataView): number {
  for (let at = 0; at < addressBytes; at += 4) {
    const one = table.getUint32(place + at)
    const other = address.getUint32(at)
    if (one !== other) return one - other
  }
  return 0
}
