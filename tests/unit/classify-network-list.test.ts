import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeNetworkFaults, parseNetworkList } from '../../src/lib/classify/network-list.ts'
import { networksAround } from '../../src/lib/classify/networks.ts'
import { linesOfJson } from '../../src/lib/classify/readable-json.ts'
import { bundledNetworks, scannerNetworks } from '../../src/lib/classify/scanner-networks.ts'

const about = { vendor: 'Gate', source: 'https://gate.example/networks', date: '2026-11-25' }
const faultsOf = (json: string): string[] => {
  const list = parseNetworkList(json)
  return list.ok ? [] : describeNetworkFaults('own.json', list.fault)
}

describe('a file of networks', () => {
  test('has each network with its operator', () => {
    const list = [{ ...about, networks: ['192.0.2.0/24', '2001:db8::/32'] }]
    expect(parseNetworkList(JSON.stringify(list))).toEqual({
      ok: true,
      value: [
        { ...about, cidr: '192.0.2.0/24' },
        { ...about, cidr: '2001:db8::/32' },
      ],
    })
    const seen = (value: unknown) =>
      parseNetworkList(JSON.stringify([{ ...about, seen: value, networks: ['192.0.2.0/24'] }]))
    expect(seen(true)).toEqual({ ok: true, value: [{ ...about, cidr: '192.0.2.0/24', seen: true }] })
    expect(seen(false)).toEqual({ ok: true, value: [{ ...about, cidr: '192.0.2.0/24' }] })
    expect(seen('yes')).toEqual({
      ok: false,
      fault: [
        {
          line: 1,
          message: '"seen" "yes" must be true where only senders have seen scanners there, otherwise false',
        },
      ],
    })
    expect(parseNetworkList('[]')).toEqual({ ok: true, value: [] })
  })

  test('gets every error reported, with line, value and remedy', () => {
    const json = `[
  { "vendor": "Gate", "source": "https://gate.example", "date": "2026-11",
    "networks": [
      "10.0.0.1/8",
      "10.0.0.0/33",
      "2001:db8::/129",
      "2001:db8::1/32",
      "gate.example", 7,
      "fe80::1%eth0",
      "10.0.0.0/8/9"
    ] },
  "a network",
  {
    "vendor": " ",
    "source": "a page", "date": "2026-11-25", "network": [],
    "networks": "10.0.0.0/8"
  },
  { "vendor": "Gate" }
]`
    expect(faultsOf(json)).toEqual([
      'own.json:2 "date" "2026-11" must be the day on which the source was read, such as "2026-11-25"',
      'own.json:4 "networks" "10.0.0.1/8" must have no bits set after its prefix: write the lowest ' +
        'address of the network, or /32 for one address',
      'own.json:5 "networks" "10.0.0.0/33" must have a prefix from 0 to 32 after its slash',
      'own.json:6 "networks" "2001:db8::/129" must have a prefix from 0 to 128 after its slash',
      'own.json:7 "networks" "2001:db8::1/32" must have no bits set after its prefix: write the lowest ' +
        'address of the network, or /128 for one address',
      'own.json:8 "networks" "gate.example" must be a network, such as "192.0.2.0/24" or "2001:db8::/32"',
      'own.json:8 "networks" 7 must be a network, such as "192.0.2.0/24" or "2001:db8::/32"',
      'own.json:9 "networks" "fe80::1%eth0" must be a network, such as "192.0.2.0/24" or "2001:db8::/32"',
      'own.json:10 "networks" "10.0.0.0/8/9" must be a network, such as "192.0.2.0/24" or "2001:db8::/32"',
      'own.json:12 "a network" must be an object with "vendor", "source", "date" and "networks"',
      'own.json:14 "vendor" "" must be the name of the company that scans mail from these networks',
      'own.json:16 "networks" "10.0.0.0/8" must be a list of networks, such as ["192.0.2.0/24"]',
      'own.json:15 "network" "network" is not known here; an entry must be an object with "vendor", ' +
        '"source", "date" and "networks"',
      'own.json:18 "source" is missing: it must say where this is known from, preferably a URL',
      'own.json:18 "date" is missing: it must be the day on which the source was read, such as "2026-11-25"',
      'own.json:18 "networks" is missing: it must be a list of networks, such as ["192.0.2.0/24"]',
    ])
  })

  test.each([
    ['10.0.0.0/+8', 'must have a prefix from 0 to 32 after its slash'],
    ['10.0.0.0/8 ', 'must have a prefix from 0 to 32 after its slash'],
    ['10.0.0.0/', 'must have a prefix from 0 to 32 after its slash'],
    ['10.0.0.1/32/', 'must be a network, such as "192.0.2.0/24" or "2001:db8::/32"'],
    [
      '10.0.0.1/31',
      'must have no bits set after its prefix: write the lowest address of the network, or /32 for one address',
    ],
    [
      '2001:db8::1/127',
      'must have no bits set after its prefix: write the lowest address of the network, or /128 for one address',
    ],
    ['::ffff:0.0.0.0/128x', 'must have a prefix from 0 to 128 after its slash'],
    ['x'.repeat(100), 'must be a network, such as "192.0.2.0/24" or "2001:db8::/32"'],
  ])('suggests a replacement for "%s"', (cidr, remedy) => {
    const shown = JSON.stringify(cidr).slice(0, 80)
    expect(faultsOf(JSON.stringify([{ ...about, networks: [cidr] }]))).toEqual([
      `own.json:1 "networks" ${shown} ${remedy}`,
    ])
  })

  test.each(['2nd', 'v2', 'a1b'])('names the key "%s" unchanged', (key) => {
    const [fault] = faultsOf(JSON.stringify([{ ...about, networks: [], [key]: 1 }]))
    expect(fault).toContain(`own.json:1 "${key}" "${key}" is not known here`)
  })

  test('has each key of an entry once', () => {
    expect(
      faultsOf('[{"vendor": "a",\n"vendor": "b", "source": "s", "date": "2026-11-25", "networks": []}]'),
    ).toEqual(['own.json:2 "vendor" is given more than once'])
  })

  test.each([
    ['an object inside an entry', '[{"vendor": {"name": "a",\n"name": "b"}}]', 'name'],
    ['an object in place of the list', '{"vendor": "a",\n"vendor": "b"}', 'vendor'],
  ])('has each key of %s once, whatever else is wrong', (_, json, key) => {
    expect(faultsOf(json)[0]).toBe(`own.json:2 "${key}" is given more than once`)
  })

  test('names an entry that is none by its line and value, not by its number', () => {
    const entries = Array.from({ length: 10 }, () => ({ ...about, networks: [] }))
    expect(faultsOf(JSON.stringify([...entries, 'a network']))).toEqual([
      'own.json:1 "a network" must be an object with "vendor", "source", "date" and "networks"',
    ])
  })

  test('must be a list in JSON', () => {
    expect(faultsOf('{}')).toEqual(['own.json:1 {} must be a list: put [ ] around its entries'])
    expect(faultsOf('[\n\n{,')).toEqual([
      expect.stringMatching(/^own\.json:3 is not valid JSON from here on: /),
    ])
    const lines = (count: number) => '\n'.repeat(count)
    expect(faultsOf(`[${lines(11)}{,${lines(5)}]`)).toEqual([
      expect.stringMatching(/^own\.json:12 is not valid JSON/),
    ])
    expect(faultsOf(' \n')).toEqual(['own.json is empty. It must hold a list, even if that is only [ ]'])
    expect(faultsOf('[\n')).toEqual([expect.stringMatching(/^own\.json:2 is not valid JSON from here on: /)])
  })
})

test('the line of a value in JSON is the one in which it begins', () => {
  const json = '{\n"a": [1,\n{"b\\"c": [\n]}, "x,y:{"\n], "d":\ntrue}'
  expect(Object.fromEntries(linesOfJson(json))).toEqual({
    '': 1,
    a: 2,
    'a.0': 2,
    'a.1': 3,
    'a.1.b"c': 3,
    'a.2': 4,
    d: 6,
  })
})

describe('the networks that come with the site', () => {
  const json = readFileSync('src/lib/classify/scanner-networks.json', 'utf8')

  test('are valid, without duplicates, with a source and the day it was read', () => {
    const list = parseNetworkList(json)
    expect(list).toEqual({ ok: true, value: bundledNetworks })
    const cidrs = bundledNetworks.map(({ cidr }) => cidr)
    expect(new Set(cidrs).size).toBe(cidrs.length)
    for (const { source, date } of bundledNetworks) {
      expect(source).toMatch(/^https:\/\/[\w.-]+\//)
      expect(date).toMatch(/^20\d\d-/)
    }
  })

  test('are not whole clouds: none is wider than Microsoft’s mail protection', () => {
    for (const { cidr } of bundledNetworks) {
      const prefix = Number(cidr.split('/')[1])
      expect(prefix, cidr).toBeGreaterThanOrEqual(cidr.includes(':') ? 32 : 14)
    }
  })
})

describe('a file of one’s own', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'promo-networks-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('adds to the bundled ones', () => {
    const path = join(folder, 'own.json')
    writeFileSync(path, JSON.stringify([{ ...about, networks: ['192.0.2.0/24', '192.0.0.0/16'] }]))
    const all = scannerNetworks(path)
    expect(all.ok && all.value.length).toBe(bundledNetworks.length + 2)
    expect(all.ok && networksAround(all.value, '192.0.2.9').map(({ cidr }) => cidr)).toEqual([
      '192.0.2.0/24',
      '192.0.0.0/16',
    ])
    expect(all.ok && networksAround([...all.value, { ...about, cidr: 'none' }], '192.1.0.1')).toEqual([])
    expect(scannerNetworks(undefined)).toEqual({ ok: true, value: bundledNetworks })
  })

  test('that is invalid or missing is reported with the name of its setting', () => {
    const path = join(folder, 'bad.json')
    writeFileSync(path, '[\n"x"]')
    expect(scannerNetworks(path)).toEqual({
      ok: false,
      fault: {
        message:
          `PROMO_SCANNER_NETWORKS names a file with errors. Correct them, or unset it:\n  ${path}:2 "x" ` +
          'must be an object with "vendor", "source", "date" and "networks"',
      },
    })
    expect(scannerNetworks(join(folder, 'none.json'))).toMatchObject({
      fault: {
        message: expect.stringMatching(/none\.json cannot be read: there is no such file\. Check the path$/),
      },
    })
  })
})

test('every bundled network has a source that its vendor publishes, not a second-hand copy', () => {
  const hosts = bundledNetworks.map(({ source }) => new URL(source))
  const copies = hosts.filter(
    ({ host, pathname }) => host.includes('github') && !pathname.startsWith('/MicrosoftDocs/'),
  )
  expect(copies).toEqual([])
  expect(hosts.length).toBeGreaterThan(0)
})
