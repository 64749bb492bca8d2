import { version } from '../server/package-files.ts'
import type { Command, CommandFault } from './command.ts'
import { editorCommand } from './editor.ts'
import { explainCommand } from './explain.ts'
import { importCommand } from './import.ts'
import { importConversionsCommand } from './import-conversions.ts'
import { mauticMapCommand } from './mautic-map.ts'
import { mauticRecipientsCommand } from './mautic-recipients.ts'
import { migrateCommand } from './migrate.ts'
import { networksCommand } from './networks.ts'
import { postbackSecretCommand } from './postback-secret.ts'
import { purgeCommand } from './purge.ts'
import { recipientsCommand } from './recipients.ts'
import { replayCommand } from './replay.ts'
import { seedCommand } from './seed.ts'
import { selftestCommand } from './selftest.ts'
import { writeError, writeOut } from './terminal.ts'
import { tokenCommand } from './token.ts'
import { webhookCommand } from './webhook.ts'

const commands: readonly Command[] = [
  migrateCommand,
  seedCommand,
  importCommand,
  importConversionsCommand,
  tokenCommand,
  editorCommand,
  explainCommand,
  networksCommand,
  recipientsCommand,
  mauticRecipientsCommand,
  mauticMapCommand,
  replayCommand,
  postbackSecretCommand,
  purgeCommand,
  selftestCommand,
  webhookCommand,
]

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
    write(overview())
    return name === undefined ? exitCodes.usage : 0
  }
  const command = commands.find((known) => known.name === name)
  if (!command) {
    err(`promo: there is no command "${name}"\n\n${overview()}`)
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

const overview = (): string =>
  [
    `Usage: ${caller} COMMAND`,
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(18)} ${summary}`),
    '',
    `"${caller} COMMAND --help" says more. Settings come from the environment and from .env.`,
    'Guides: src/sample-site/pages/docs/install.md, and beside it import-file.md, sign-in.md and others.',
    '',
  ].join('\n')
