import { isIP } from 'node:net'
import { ok } from '../lib/base/result.ts'
import { describeNetworkFaults, readNetworkFile } from '../lib/classify/network-list.ts'
import { networksAround } from '../lib/classify/networks.ts'
import { bundledNetworks, type ScannerNetwork, scannerNetworks } from '../lib/classify/scanner-networks.ts'
import { loadConfig } from '../server/load-config.ts'
import { type Command, count, failed, misused, type Outcome, print, readArguments } from './command.ts'

export const networksCommand: Command = {
  name: 'networks',
  summary: 'show and check the networks of mail scanners',
  synopsis: '[check ADDRESS | check-file FILE]',
  help: `Shows the networks from which mail is scanned: clicks from there count as a machine's. They come with the
site; a file that PROMO_SCANNER_NETWORKS names adds to them. Each has the page that it is known from and the
day on which that was read.

  check ADDRESS     says whether an address is in one of them, in which, and why it is listed; exit code 1
                    if it is in none
  check-file FILE   checks a file before PROMO_SCANNER_NETWORKS names it; exit code 1 with the line, the
                    value and the remedy

Examples:
  npm run promo -- networks
  npm run promo -- networks check 40.107.1.2
  npm run promo -- networks check-file scanner-networks.json`,
  async run(args) {
    const [action, ...rest] = args
    if (action === undefined || action.startsWith('-')) return show(args)
    if (action === 'check') return check(rest)
    if (action === 'check-file') return checkFile(rest)
    return misused(`"${action}" is neither check nor check-file`)
  },
}

function show(args: string[]): Outcome {
  const read = readArguments(args, {})
  if (!read.ok) return read
  const networks = scannerNetworks(loadConfig().PROMO_SCANNER_NETWORKS)
  if (!networks.ok) return failed(networks.fault.message)
  for (const [about, members] of bySource(networks.value)) {
    print(about)
    for (const { cidr } of members) print(`  ${cidr}`)
  }
  print('')
  const byVendor = Map.groupBy(networks.value, ({ vendor }) => vendor)
  for (const [vendor, members] of byVendor) print(`${String(members.length).padStart(5)}  ${vendor}`)
  const own = networks.value.length - bundledNetworks.length
  print(`${String(networks.value.length).padStart(5)}  in all, ${own} of them from PROMO_SCANNER_NETWORKS`)
  return ok(undefined)
}

const bySource = (networks: readonly ScannerNetwork[]) =>
  Map.groupBy(
    networks,
    ({ vendor, source, date, seen }) =>
      `${vendor}, ${date}, ${source}${seen ? ' (seen by senders: a weak sign only)' : ''}`,
  )

function check(args: string[]): Outcome {
  const read = readArguments(args, {}, ['ADDRESS'])
  if (!read.ok) return read
  const [address = ''] = read.value.operands
  if (isIP(address) === 0) return misused(`"${address}" is no IPv4 or IPv6 address`)
  const networks = scannerNetworks(loadConfig().PROMO_SCANNER_NETWORKS)
  if (!networks.ok) return failed(networks.fault.message)
  const found = networksAround(networks.value, address)
  if (found.length === 0) return failed(`${address} is in no network of mail scanners`)
  for (const { cidr, vendor, source, date } of found) {
    print(`${address} is in ${cidr} of ${vendor}, as read on ${date} in ${source}`)
  }
  print('Clicks from it count as a machine’s, with the reason scanner_network.')
  return ok(undefined)
}

function checkFile(args: string[]): Outcome {
  const read = readArguments(args, {}, ['FILE'])
  if (!read.ok) return read
  const [path = ''] = read.value.operands
  const networks = readNetworkFile(path)
  if (!networks.ok) return failed(describeNetworkFaults(path, networks.fault).join('\n'))
  print(`${path} is valid and has ${count(networks.value.length, 'network')}`)
  print(`With PROMO_SCANNER_NETWORKS=${path} the site uses it from its next start on.`)
  return ok(undefined)
}
