import { version } from '../server/package-files.ts'
import type { Command, CommandFault } from './command.ts'
import { writeError, writeOut } from './terminal.ts'

/** By the name of each, in the order of the overview. All of them together take three times as long to load as one. */
const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['migrate', async () => (await import('./migrate.ts')).migrateCommand],
  ['seed', async () => (await import('./seed.ts')).seedCommand],
  ['import', async () => (await import('./import.ts')).importCommand],
  ['import-conversions', async () => (await import('./import-conversions.ts')).importConversionsCommand],
  ['token', async () => (await import('./token.ts')).tokenCommand],
  ['editor', async () => (await import('./editor.ts')).editorCommand],
  ['explain', async () => (await import('./explain.ts')).explainCommand],
  ['networks', async () => (await import('./networks.ts')).networksCommand],
  ['recipients', async () => (await import('./recipients.ts')).recipientsCommand],
  ['mautic-recipients', async () => (await import('./mautic-recipients.ts')).mauticRecipientsCommand],
  ['mautic-map', async () => (await import('./mautic-map.ts')).mauticMapCommand],
  ['replay', async () => (await import('./replay.ts')).replayCommand],
  ['postback-secret', async () => (await import('./postback-secret.ts')).postbackSecretCommand],
  ['purge', async () => (await import('./purge.ts')).purgeCommand],
  ['selftest', async () => (await import('./selftest.ts')).selftestCommand],
  ['webhook', async () => (await import('./webhook.ts')).webhookCommand],
])

const caller = 'npm run promo --'
const exitCodes: Record<CommandFault['code'], number> = { failed: 1, usage: 2 }

/** Where a command line writes to. */
type Terminal = { out: (text: string) => void; err: (text: string) => void }

/** Does what the arguments say, and answers the exit code. */
export async function main(
  [name, ...args]: string[],
  { out, err }: Terminal = { out: writeOut, err: writeError },
): Promise<number> {
  if (name === '--version') {
    out(`${version}\n`)
    return 0
  }
  if (name === undefined || name === 'help' || isHelp(name)) {
    const write = name === undefined ? err : out
    write(await overview())
    return name === undefined ? exitCodes.usage : 0
  }
  const command = await commands.get(name)?.()
  if (!command) {
    err(`promo: there is no command "${name}"\n\n${await overview()}`)
    return exitCodes.usage
  }
  if (args.some(isHelp)) {
    out(`${caller} ${command.name} ${command.synopsis}`.trimEnd())
    out(`\n\n${command.help}\n`)
    return 0
  }
  const done = await command.run(args)
  if (done.ok) return 0
  err(`promo ${name}: ${done.fault.message}\n`)
  if (done.fault.code === 'usage') err(`See "${caller} ${name} --help".\n`)
  return exitCodes[done.fault.code]
}

const isHelp = (argument: string): boolean => argument === '--help' || argument === '-h'

const overview = async (): Promise<string> => {
  const all = await Promise.all(Array.from(commands.values(), (load) => load()))
  return [
    `Usage: ${caller} COMMAND`,
    '',
    ...all.map(({ name, summary }) => `  ${name.padEnd(18)} ${summary}`),
    '',
    `"${caller} COMMAND --help" says more. Settings come from the environment and from .env.`,
    'Guides: src/sample-site/pages/docs/install.md, and beside it import-file.md, sign-in.md and others.',
    '',
  ].join('\n')
}
