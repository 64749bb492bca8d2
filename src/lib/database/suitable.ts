import { arrayLiteral } from './array-literal.ts'
import { listMigrations, migrationsFolder } from './migrations-folder.ts'
import { ends, settingsOfValues } from './session-settings.ts'
import type { Sql } from './sql.ts'

type Facts = {
  encoding: string
  migrated: boolean
  settings: { name: string; setting: string; wanted: string }[]
  ends: { name: string; setting: string }[]
}

/**
 * Why this database must not be used, with the remedy; `undefined` if it is suitable. Otherwise its contents would be
 * misread or miscounted.
 */
export async function findUnsuitable(sql: Sql, folder: URL = migrationsFolder): Promise<string | undefined> {
  for (const facts of await readFacts(sql)) {
    const fault = wrongEncoding(facts) ?? wrongSettings(facts) ?? endsEarly(facts)
    if (fault) return fault
    if (facts.migrated) return await wrongVersion(sql, folder)
  }
  return undefined
}

const readFacts = (sql: Sql) => sql<Facts[]>`
  select
    current_setting('server_encoding') as encoding,
    to_regclass('promo_migrations') is not null as migrated,
    (
      select coalesce(json_agg(json_build_object('name', s.name, 'setting', s.setting, 'wanted', w.wanted)), '[]')
      from json_each_text(${JSON.stringify(settingsOfValues)}::text::json) as w (name, wanted)
      join pg_settings s on s.name = w.name
      where case s.name when 'extra_float_digits' then s.setting::integer < 1 else s.setting <> w.wanted end
    ) as settings,
    (
      select coalesce(json_agg(json_build_object('name', name, 'setting', setting)), '[]') from pg_settings
      where case when name = any (${arrayLiteral(ends.names, (name) => name)}::text[])
        then setting::integer between 1 and ${ends.shortest - 1} end
    ) as ends
`

/**
 * Migrations that this version does not know, except those that declare that the former version still works with them.
 */
const readNewer = (sql: Sql, known: readonly string[]) => sql<{ name: string }[]>`
  select m.name from promo_migrations m
  where m.name <> all (${arrayLiteral(known, (name) => name)}::text[])
    and coalesce(to_jsonb(m) ->> 'keeps_former', 'false') <> 'true'
  order by m.name
`

const wrongEncoding = ({ encoding }: Facts): string | undefined =>
  encoding === 'UTF8'
    ? undefined
    : `the database is encoded as ${encoding}, which cannot store every text: create one with "create ` +
      `database promo encoding 'UTF8' locale 'C' template template0" and name it in DATABASE_URL`

/** The site sets them itself unless there is a pooler. */
function wrongSettings({ settings: [first] }: Facts): string | undefined {
  if (!first) return undefined
  const { name, setting, wanted } = first
  return (
    `the pooler gives connections on which ${name} is ${setting}, so that values would be misread: ` +
    `run "alter role <role> set ${name} = ${wanted}" for the role in DATABASE_URL, and have the ` +
    'pooler reconnect'
  )
}

const endsEarly = ({ ends: [first] }: Facts): string | undefined =>
  first &&
  `connections end after ${first.setting} ms (${first.name}), before their work is done: run "alter role <role> ` +
    `set ${first.name} = 0" for the role in DATABASE_URL, and have a pooler reconnect`

async function wrongVersion(sql: Sql, folder: URL): Promise<string | undefined> {
  const [newer] = await readNewer(sql, await listMigrations(folder))
  return newer
    ? `the database was migrated to a newer version of this project (it has ${newer.name}): start that ` +
        'version, or restore the backup from before its migration'
    : undefined
}
