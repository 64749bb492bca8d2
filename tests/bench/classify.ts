/**
 * What the rules make of the labelled user agents, how many clicks a second they judge, and how the look-up of
 * networks grows with their number. `npm run bench:classify`.
 */
import { type ClickFacts, createClassifier } from '../../src/lib/classify/classifier.ts'
import { createNetworkLookup } from '../../src/lib/classify/networks.ts'
import { bundledNetworks } from '../../src/lib/classify/scanner-networks.ts'
import { readUserAgent } from '../../src/lib/classify/user-agent.ts'
import { byKind, type Fixture, fixtures } from '../fixtures/user-agents.ts'
import { judge, median, table } from './measure.ts'

const rounds = 7
const milliseconds = 300
const noon = Date.UTC(2026, 10, 18, 12)

const newClassifier = () =>
  createClassifier({ networks: bundledNetworks, duplicateSeconds: 10, visitorsPerAddress: 5 })

const clickOf = ({ user_agent, headers = {} }: Fixture): ClickFacts => ({
  at: noon,
  variationId: 42,
  header: (name) => headers[name],
  userAgent: user_agent,
  direct: true,
  address: '203.0.113.7',
  visitor: { visitor: 'somebody', address: 'somewhere' },
  insider: null,
  hashed: true,
  flooding: () => false,
})

const groups = [
  { name: 'people', of: ({ label }: Fixture) => label === 'human' },
  { name: 'machines that say so', of: ({ self_declared }: Fixture) => self_declared === true },
  { name: 'machines that pose', of: ({ self_declared }: Fixture) => self_declared === false },
]
const matrix = groups.map(({ name, of }) => {
  const judged = fixtures.filter(of).map((fixture) => newClassifier().classify(clickOf(fixture)))
  const count = (chosen: (verdict: (typeof judged)[number]) => boolean) => judged.filter(chosen).length
  return {
    name,
    all: judged.length,
    human: count(({ verdict, reason }) => verdict === 'human' && reason === 'none'),
    uncertain: count(({ verdict, reason }) => verdict === 'human' && reason !== 'none'),
    machine: count(({ verdict }) => verdict === 'machine'),
  }
})
console.log('Verdicts on a first click of each labelled user agent and header set:\n')
console.log(
  table([
    ['', 'all', 'human', 'uncertain', 'machine'],
    ...matrix.map(({ name, all, human, uncertain, machine }) => [
      name,
      ...[all, human, uncertain, machine].map(String),
    ]),
  ]),
)

const kinds = [...new Set(byKind.map(({ label, kind }) => `${label}: ${kind}`))].toSorted()
const shareOf = (label: string, held: boolean, kind?: string) => {
  const all = byKind.filter(
    (one) => one.label === label && one.held === held && (kind ?? one.kind) === one.kind,
  )
  const called = all.filter(({ userAgent }) =>
    ['self_declared', 'mail_gateway'].includes(readUserAgent(userAgent) ?? ''),
  )
  return { all: all.length, called: called.length, share: (100 * called.length) / all.length }
}
const told = ({ all, called, share }: ReturnType<typeof shareOf>) =>
  `${called} of ${all}, ${share.toFixed(1)} %`
console.log('\n\nUser agents drawn at random from public lists: called machines by their name alone\n')
console.log(
  table([
    ['', 'rules made with', 'held out'],
    ...kinds.map((name) => {
      const [label = '', kind] = name.split(': ')
      return [name, told(shareOf(label, false, kind)), told(shareOf(label, true, kind))]
    }),
    ...['human', 'machine'].map((label) => [
      `${label}: all`,
      told(shareOf(label, false)),
      told(shareOf(label, true)),
    ]),
  ]),
)
const called = { machine: shareOf('machine', true).called, human: shareOf('human', true).called }
console.log(
  `\nHeld out: precision ${((100 * called.machine) / (called.machine + called.human)).toFixed(1)} ` +
    `%, recall ${shareOf('machine', true).share.toFixed(1)} %`,
)

/** Processor time of this process in milliseconds: what a redirect loses by the work, whoever shares the machine. */
function spent(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Repeats work for a while; answers how often it is done a second, as the median of rounds. */
function perSecond(work: () => number): number {
  const run = () => {
    const started = spent()
    let done = 0
    while (spent() - started < milliseconds) done += work()
    return (1000 * done) / (spent() - started)
  }
  run()
  return median(Array.from({ length: rounds }, run))
}

/** Of twenty clicks one comes from a scanner's network and four over IPv6. */
function addressOf(index: number): string {
  if (index % 20 === 1) return `40.107.${index % 256}.7`
  return index % 5 === 0
    ? `2001:db8:${(index % 1000).toString(16)}::1`
    : `198.18.${(index >> 8) % 32}.${index % 256}`
}

/** Readers of a newsletter: a thousand visitors, each with an address, who click one after the other. */
const clicks = Array.from({ length: 10 * fixtures.length }, (_, index) => {
  const fixture = fixtures[(index * 7) % fixtures.length]
  return {
    ...clickOf(fixture ?? { user_agent: null, label: 'human', category: '', source: '' }),
    at: noon + index * 37,
    variationId: 40 + (index % 9),
    address: addressOf(index),
    visitor: {
      visitor: `visitor-${index % 1000}`.padEnd(64, '0'),
      address: `address-${index % 1000}`.padEnd(16, '0'),
    },
  }
})
const classifier = newClassifier()
classifier.noteSend(42, 'daily', noon)
let machines = 0
const classifications = perSecond(() => {
  for (const click of clicks) {
    if (classifier.classify(click).verdict === 'machine') machines += 1
    click.at += clicks.length * 37
  }
  return clicks.length
})

const addresses = clicks.map(({ address }) => address ?? '')
let found = 0
const lookups = [1, 10, 100].map((factor) => {
  const cidrs = bundledNetworks.map(({ cidr }) => cidr)
  for (let index = 0; cidrs.length < bundledNetworks.length * factor; index += 1) {
    cidrs.push(`${20 + (index >> 8)}.${index % 256}.${(index * 7) % 256}.0/24`)
  }
  const find = createNetworkLookup(cidrs.map((cidr) => ({ cidr })))
  const rate = perSecond(() => {
    for (const address of addresses) if (find(address)) found += 1
    return addresses.length
  })
  return { networks: cidrs.length, rate }
})
const base = lookups[0]?.rate ?? Number.NaN
console.log('\n')
console.log(
  table([
    ['', 'a second of processor time', 'ratio'],
    ['classifications', classifications.toFixed(0), ''],
    ...lookups.map(({ networks, rate }) => [
      `look-ups among ${networks} networks`,
      rate.toFixed(0),
      (rate / base).toFixed(2),
    ]),
  ]),
)
console.log(`\n${machines} of the clicks were machines', ${found} addresses lay in a network\n`)

const [people, honest] = matrix
process.exitCode = judge([
  {
    name: 'self-declared machines found, per cent',
    value: (100 * (honest?.machine ?? 0)) / (honest?.all ?? 1),
    least: 99,
  },
  {
    name: 'people called machines, per cent',
    value: (100 * (people?.machine ?? 0)) / (people?.all ?? 1),
    most: 0.5,
  },
  { name: 'held-out machines found by name, per cent', value: shareOf('machine', true).share, least: 97 },
  {
    name: 'people called machines by name, per cent',
    value:
      (100 * (called.human + shareOf('human', false).called)) /
      byKind.filter(({ label }) => label === 'human').length,
    most: 1,
  },
  { name: 'classifications a second', value: classifications, least: 500_000 },
  {
    name: 'look-ups among 100 times as many networks, against the bundled ones',
    value: (lookups[2]?.rate ?? 0) / base,
    least: 0.4,
  },
])
