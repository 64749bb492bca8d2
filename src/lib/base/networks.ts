import { BlockList, isIP } from 'node:net'

/** Addresses and CIDR networks as Node's block list, or undefined if one of them is neither. */
export function parseNetworks(text: string): BlockList | undefined {
  const list = new BlockList()
  for (const part of text.split(',')) {
    const [address = '', prefix, ...rest] = part.trim().split('/')
    const version = isIP(address)
    const longest = version === 4 ? 32 : 128
    if (version === 0 || rest.length > 0) return undefined
    if (prefix !== undefined && !(/^\d{1,3}$/.test(prefix) && Number(prefix) <= longest)) return undefined
    list.addSubnet(address, Number(prefix ?? longest), version === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}
