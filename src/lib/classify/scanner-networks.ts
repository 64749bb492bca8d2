import { fail, ok, type Result } from '../base/result.ts'
import { describeNetworkFaults, networksOf, readNetworkFile, type ScannerNetwork } from './network-list.ts'
import bundled from './scanner-networks.json' with { type: 'json' }

export type { ScannerNetwork }

/** The networks of mail scanners that come with the site. */
export const bundledNetworks: readonly ScannerNetwork[] = networksOf(bundled)

/** All networks that clicks are looked up in: the bundled ones and those of the user's own file. */
export function scannerNetworks(path: string | undefined): Result<ScannerNetwork[], { message: string }> {
  if (path === undefined) return ok([...bundledNetworks])
  const own = readNetworkFile(path)
  if (own.ok) return ok([...bundledNetworks, ...own.value])
  const faults = describeNetworkFaults(path, own.fault).map((line) => `  ${line}`)
  return fail({
    message: ['PROMO_SCANNER_NETWORKS names a file with errors. Correct them, or unset it:', ...faults].join(
      '\n',
    ),
  })
}
