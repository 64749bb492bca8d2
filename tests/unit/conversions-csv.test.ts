import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import {
  type Decimal,
  findDateForm,
  findDecimal,
  findDelimiter,
  isoTime,
  plainAmount,
} from '../../src/lib/conversions/csv-forms.ts'
import { mappingSchema, readReport } from '../../src/lib/conversions/read-report.ts'
import { clickIdOf } from '../../src/lib/tracking/click-id.ts'
import { aClick } from '../support/events.ts'

const now = Date.UTC(2026, 10, 18, 12)
const [click, other] = [aClick(), aClick()]
const [id, otherId] = [clickIdOf(click.event_id), clickIdOf(other.event_id)]

const read = (text: string, mapping: Record<string, unknown> = {}) =>
  readReport(text, v.parse(mappingSchema, mapping), { now, months: 13 })
const rowsOf = (text: string, mapping: Record<string, unknown> = {}) => {
  const report = read(text, mapping)
  return report.ok ? report.value.rows.map(({ report }) => report) : report.fault
}
const faultsOf = (text: string, mapping: Record<string, unknown> = {}) => {
  const report = read(text, mapping)
  return report.ok ? report.value.faults : report.fault
}

describe('forms', () => {
  test.each([
    ['a,b,c\n1;2;3;4', ','],
    ['a;"b,c,d";e', ';'],
    ['a\tb', '\t'],
    ['a|b', '|'],
    ['a', ','],
  ])('of %j: between cells is %j', (text, delimiter) => expect(findDelimiter(text)).toBe(delimiter))

  test.each<[string[], Decimal | string]>([
    [['1.50', '2'], 'point'],
    [['1,50', '2'], 'comma'],
    [['1.234,50'], 'comma'],
    [['1,234.50'], 'point'],
    [['€ 1.234,50', '3,00 EUR'], 'comma'],
    [['12', '7'], 'point'],
    [[], 'point'],
    [['1,234'], 'cannot be determined from "1,234"'],
    [['1.234', '5'], 'cannot be determined from "1.234"'],
    [['1,234', '1,5'], 'comma'],
  ])('of amounts %j: %s', (values, expected) => {
    const found = findDecimal(values)
    expect(found.ok ? found.value : found.fault).toContain(expected)
  })

  test.each<[string, Decimal, string]>([
    ['1.234,50 €', 'comma', '1234.50'],
    ["1'234.50", 'point', '1234.50'],
    ['EUR 3', 'point', '3'],
    ['-2,5', 'comma', '-2.5'],
    ['12,34,5', 'point', '12,34,5'],
    ['free', 'comma', 'free'],
  ])('%s with a decimal %s is %s', (text, decimal, plain) => expect(plainAmount(text, decimal)).toBe(plain))

  test.each<[string[], string]>([
    [['2026-11-18T10:00:00Z', '2026-11-18'], 'YYYY-MM-DD'],
    [['18.11.2026 10:00'], 'DD.MM.YYYY'],
    [['18/11/2026', '01/02/2026'], 'DD/MM/YYYY'],
    [['11/18/2026', '01/02/2026'], 'MM/DD/YYYY'],
    [['', ' '], 'YYYY-MM-DD'],
    [['01/02/2026'], 'say with --date whether times are DD/MM/YYYY or MM/DD/YYYY'],
    [['yesterday'], '"yesterday" has none of the forms'],
  ])('of times %j: %s', (values, expected) => {
    const found = findDateForm(values)
    expect(found.ok ? found.value : found.fault).toContain(expected)
  })

  test.each([
    ['2026/11/8', 'YYYY-MM-DD', '2026-11-08T00:00:00Z'],
    ['2026-11-18 9:05', 'YYYY-MM-DD', '2026-11-18T09:05:00Z'],
    ['2026-11-18T09:05:07.123+01:00', 'YYYY-MM-DD', '2026-11-18T09:05:07+01:00'],
    ['18.11.2026, 23:59:59 UTC', 'DD.MM.YYYY', '2026-11-18T23:59:59Z'],
    ['31/02/2026', 'DD/MM/YYYY', undefined],
    ['18.11.2026 24:00', 'DD.MM.YYYY', undefined],
    ['11/18/2026', 'DD/MM/YYYY', undefined],
  ] as const)('%s as %s is %s', (text, form, iso) => expect(isoTime(text, form)).toBe(iso))
})

describe('a report', () => {
  const german = `\uFEFF"Transaction ID";Klickreferenz;Provision;Währung;Status;Datum;Kunde
A1;${id.toUpperCase()};"1.012,50";EUR;Bestätigt;17.11.2026 10:30;Ann
A2;${otherId};3,00;eur;Offen;16.11.2026;Ben
A3;;9,99;EUR;Offen;16.11.2026;Cid
`
  const columns = {
    ...{ external_id: 'transaction id', click_id: 'Klickreferenz', amount: 'Provision' },
    ...{ currency: 'Währung', occurred_at: 'Datum' },
  }

  test('is read by its columns, in the detected formats, without other columns', () => {
    expect(read(german, { source: 'Awin', columns })).toMatchObject({
      value: { faults: [], without: 1, forms: { delimiter: ';', decimal: 'comma', date: 'DD.MM.YYYY' } },
    })
    expect(rowsOf(german, { source: 'Awin', columns })).toEqual([
      {
        ...{ external_id: 'A1', source: 'awin', click_id: { eventId: click.event_id, at: click.at } },
        ...{ variation_id: null, newsletter_send_id: null, amount: '1012.50', currency: 'EUR' },
        ...{ status: 'approved', occurred_at: Date.UTC(2026, 10, 17, 10, 30) },
      },
      expect.objectContaining({ external_id: 'A2', status: 'pending', amount: '3.00' }),
    ])
  })

  test('may have our own headings, texts instead of clicks, one currency and its own status words', () => {
    const text = `external_id,variation_id,newsletter_send_id,amount,status\nx,42,daily,1.5,bonus\ny,43,,2,\n`
    expect(rowsOf(text, { currency: 'usd', statuses: { Bonus: 'pending' } })).toMatchObject([
      { variation_id: 42, newsletter_send_id: 'daily', currency: 'USD', status: 'pending', source: null },
      { variation_id: 43, newsletter_send_id: null, status: 'approved', occurred_at: null },
    ])
  })

  test('has no place for the address of a person', () => {
    const text = `external_id,variation_id,newsletter_send_id,amount,currency\nx,42,ann%40mail.example,1.5,EUR\n`
    expect(faultsOf(text)).toEqual([
      {
        line: 2,
        field: 'newsletter_send_id',
        message: '"ann%40mail.example" looks like an e-mail or IP address: send the id of the newsletter',
      },
    ])
  })

  test('gets every invalid row named, with line, field, fault and remedy', () => {
    const text = [
      'external_id,click_id,variation_id,amount,currency,status,occurred_at',
      `ann@mail.example,${id},,1.50,EUR,approved,2026-11-17`,
      `b,x,,2.50,EURO,odd,2026-11-17`,
      '',
      `c,${id},42,-1.50,EUR,approved,2025-01-01`,
      `d,${id},,1.50,EUR,approved,17.11.2026`,
      `d,${id},,1.50,EUR,approved,2026-11-17`,
      `f,,4.2,1.50,EUR,approved,2026-11-17`,
    ].join('\n')
    expect(faultsOf(text)).toEqual([
      { line: 2, field: 'external_id', message: expect.stringContaining('looks like an e-mail') },
      { line: 3, field: 'click_id', message: expect.stringContaining('26 letters') },
      { line: 3, field: 'currency', message: '"EURO" must be an ISO 4217 currency code, for example EUR' },
      { line: 3, field: 'status', message: '"odd" must be pending, approved or rejected' },
      { line: 5, field: 'variation_id', message: expect.stringContaining('send only one of them') },
      { line: 5, field: 'occurred_at', message: expect.stringContaining('are not kept') },
      { line: 5, field: 'amount', message: expect.stringContaining('rejected') },
      { line: 6, field: 'occurred_at', message: expect.stringContaining('with its zone') },
      {
        line: 7,
        field: 'external_id',
        message: '"d" is also in line 6; map a column that has a different id in each row',
      },
      { line: 8, field: 'variation_id', message: expect.stringContaining('"4.2" must be a whole number') },
    ])
  })

  test.each<[string, string, Record<string, unknown>, string]>([
    ['without rows', 'external_id,click_id,amount,currency\n', {}, 'has no rows below its headings'],
    ['that is empty', '', {}, 'has no rows'],
    ['that is no CSV', 'a,"b\nc', {}, 'is not a CSV file'],
    ['without ids', 'a,b\n1,2', {}, 'has no column for external_id: say which one that is; it has "a", "b"'],
    ['without amounts', 'external_id\n1', {}, 'no column for amount'],
    ['without clicks', 'external_id,amount\n1,2', {}, 'no column for click_id'],
    ['without a currency', 'external_id,amount,click_id\n1,2,x', {}, 'or which currency all are in'],
    [
      'without a column that is named',
      german,
      { columns: { ...columns, status: 'State' } },
      'has no column "State"',
    ],
    [
      'with amounts of two forms',
      german.replace('1.012,50', '1,012').replace('3,00', '3').replace('9,99', '9'),
      { columns },
      'amount cannot be determined from "1,012"',
    ],
    [
      'with days of two forms',
      `external_id,amount,click_id,currency,occurred_at\n1,2,${id},EUR,01/02/2026`,
      {},
      'occurred_at cannot be determined',
    ],
  ])('%s is a fault of the file', (_, text, mapping, fault) => {
    expect(faultsOf(text, mapping)).toContain(fault)
  })

  test('is read in given formats', () => {
    const text = `external_id|amount|click_id|currency|occurred_at\n1|1,234|${id}|EUR|01/02/2026`
    expect(rowsOf(text, { delimiter: '|', decimal: 'comma', date: 'MM/DD/YYYY' })).toMatchObject([
      { amount: '1.234', occurred_at: Date.UTC(2026, 0, 2) },
    ])
  })
})
