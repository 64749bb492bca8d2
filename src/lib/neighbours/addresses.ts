import { BlockList, isIP } from 'node:net'

/** Networks that lead nowhere on the internet, or to internal addresses. */
const withheld = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // This includes those that embed an IPv4 address, by which each of the above could be reached.
  '::/96',
  '::ffff:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]

/** Returns whether an address is a public one. */
export function createPublicAddresses(): (address: string) => boolean {
  // Two lists: in a common one, each IPv4 address is also in ::ffff:0:0/96.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const network of withheld) {
    const [address = '', prefix] = network.split('/')
    const version = versionOf(address)
    lists[version].addSubnet(address, Number(prefix), version)
  }
  return (address) => isIP(address) !== 0 && !lists[versionOf(address)].check(address, versionOf(address))
}

const versionOf = (address: string) => (isIP(address) === 4 ? 'ipv4' : 'ipv6')
