import * as v from 'valibot'
import { parseJson } from '../lib/base/json.ts'
import { ok, type Result } from '../lib/base/result.ts'
import { readTextFile } from '../lib/base/text-file.ts'
import { type Imported, importReport } from '../lib/conversions/import-report.ts'
import {
  type Mapping,
  mappingSchema,
  type ReadReport,
  type RowFault,
  readReport,
  reportFields,
} from '../lib/conversions/read-report.ts'
import { loadConfig } from '../server/load-config.ts'
import { type Command, type CommandFault, count, failed, misused, print, readArguments } from './command.ts'
import { databaseFailed, withDatabase } from './database.ts'

export const importConversionsCommand: Command = {
  name: 'import-conversions',
  summary: "record the conversions of a network's report",
  synopsis: 'FILE.csv [--mapping FILE.json] [options] [--dry-run]',
  help: `Records each row of a report as a conversion, by its id: repeating it changes nothing, a newer report brings
the newer status and amount. Rows without a click id are left out: those sales did not come from these
links. Either all rows are recorded or, if one is not valid, none; then each of these is named. FIELD is one
of ${reportFields.join(', ')}.

Options:
  --mapping FILE.json     all of the following in a file: {"source": "awin", "columns": {"click_id": "Clickref"},
                          "currency": "EUR", "decimal": "comma", "date": "DD.MM.YYYY", "statuses": {"bonus": "pending"}}
  --source NAME           which network the ids of sales come from
  --column FIELD=HEADING  the column of a field, if it has another name
  --currency CODE         the currency, if the file has no column for it
  --status WORD=STATUS    what a word of the network means: pending, approved or rejected
  --delimiter CHARACTER   detected if you leave it out, as are:
  --decimal comma|point   how amounts are written
  --date FORM             YYYY-MM-DD, DD.MM.YYYY, DD/MM/YYYY or MM/DD/YYYY; times without a zone are UTC
  --skip-bad              records the other rows if some are not valid
  --dry-run               shows what would be recorded, and records nothing

Example:
  npm run promo -- import-conversions awin.csv --dry-run --source awin \\
    --column external_id="Transaction ID" --column click_id=Clickref`,
  async run(args) {
    const read = readArguments(
      args,
      {
        mapping: { type: 'string' },
        source: { type: 'string' },
        column: { type: 'string', multiple: true, default: [] },
        currency: { type: 'string' },
        status: { type: 'string', multiple: true, default: [] },
        delimiter: { type: 'string' },
        decimal: { type: 'string' },
        date: { type: 'string' },
        'skip-bad': { type: 'boolean', default: false },
        'dry-run': { type: 'boolean', default: false },
      },
      ['FILE.csv'],
    )
    if (!read.ok) return read
    const [file = ''] = read.value.operands
    const { 'skip-bad': skipBad, 'dry-run': dryRun, mapping: mappingFile, ...options } = read.value.values
    const mapping = readMapping(mappingFile, options)
    if (!mapping.ok) return mapping
    const content = readTextFile(file)
    if (!content.ok) return failed(`${file} ${content.fault}`)
    const config = loadConfig()
    const report = readReport(content.value, mapping.value, {
      now: Date.now(),
      months: config.PROMO_RETAIN_EVENTS_MONTHS,
    })
    if (!report.ok) return failed(`${file} ${report.fault}`)
    const { faults } = report.value
    if (faults.length > 0 && !skipBad)
      return failed(
        [
          `${file} is not imported:`,
          ...faultLines(faults),
          'Correct these rows, or leave them out with --skip-bad',
        ].join('\n'),
      )
    return await withDatabase(
      config,
      async (database) => {
        const done = await importReport(database, report.value, { dryRun, now: Date.now })
        if (!done.ok) return databaseFailed(done.fault)
        for (const line of faultLines([...faults, ...done.value.faults])) print(line)
        for (const line of summarize(mapping.value, report.value, done.value, dryRun)) print(line)
        return done.value.faults.length > 0
          ? failed(`${count(done.value.faults.length, 'row')} could not be recorded`)
          : ok(undefined)
      },
      { tables: dryRun ? 'require' : 'migrate' },
    )
  },
}

type MappingOptions = {
  source?: string
  currency?: string
  delimiter?: string
  decimal?: string
  date?: string
  /** `FIELD=HEADING` */
  column: readonly string[]
  /** `WORD=STATUS` */
  status: readonly string[]
}

/** The mapping of the file, if there is one, with what options say in place of what the file says. */
function readMapping(
  file: string | undefined,
  { column, status, ...singles }: MappingOptions,
): Result<Mapping, CommandFault> {
  const fromFile = readMappingFile(file)
  if (!fromFile.ok) return fromFile
  const given = {
    ...fromFile.value,
    ...singles,
    columns: { ...fromFile.value.columns, ...pairsOf(column) },
    statuses: { ...fromFile.value.statuses, ...pairsOf(status) },
  }
  const mapping = v.safeParse(mappingSchema, given)
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(mappingSchema.entries, name))
  if (mapping.success && unknown.length === 0) return ok(mapping.output)
  const faults = [
    ...unknown.map((name) => `${name}: is not a known field; remove it`),
    ...(mapping.issues ?? []).map((issue) => `${v.getDotPath(issue)}: ${issue.message}`),
  ]
  return misused(['the mapping is not valid:', ...faults.map((fault) => `  ${fault}`)].join('\n'))
}

const mappingFileSchema = v.looseObject({
  columns: v.optional(v.record(v.string(), v.unknown()), {}),
  statuses: v.optional(v.record(v.string(), v.unknown()), {}),
})

function readMappingFile(
  file: string | undefined,
): Result<v.InferOutput<typeof mappingFileSchema>, CommandFault> {
  if (file === undefined) return ok({ columns: {}, statuses: {} })
  const text = readTextFile(file)
  if (!text.ok) return failed(`${file} ${text.fault}`)
  const json = parseJson(text.value)
  if (!json.ok) return failed(`${file} is not valid JSON: ${json.fault}`)
  const mapping = v.safeParse(mappingFileSchema, json.value)
  return mapping.success
    ? ok(mapping.output)
    : failed(`${file} must be a JSON object, with columns and statuses as objects`)
}

/** `FIELD=HEADING`; a heading may have an equals sign. */
const pairsOf = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    pairs.map((pair) => {
      const end = pair.indexOf('=')
      return end === -1 ? [pair, ''] : [pair.slice(0, end), pair.slice(end + 1)]
    }),
  )

const faultLines = (faults: readonly RowFault[]): string[] =>
  faults.map(({ line, field, message }) => `  line ${line}, ${field}: ${message}`)

function summarize(
  { source }: Mapping,
  { without, forms }: ReadReport,
  done: Imported,
  dryRun: boolean,
): string[] {
  const { added, changed, unchanged } = done
  const of = source === undefined ? '' : ` of ${source}`
  const delimiter = forms.delimiter === '\t' ? 'tab' : `"${forms.delimiter}"`
  return [
    `read with ${delimiter} between cells, decimal ${forms.decimal}, times as ${forms.date}`,
    ...(without > 0 ? [`${count(without, 'row')} without a click id left out`] : []),
    `${dryRun ? 'dry run, nothing is written: ' : ''}${count(added, 'conversion')}${of} added, ` +
      `${changed} changed, ${unchanged} unchanged`,
  ]
}
