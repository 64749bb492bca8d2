import { expect, test } from 'vitest'
import { hoursNote, utcDays, utcVisitors } from '../../src/lib/wording/time-zone-notes.ts'

const range = { start: '2025-05-20', end: '2025-06-10' }
const year = { start: '2024-06-10', end: '2025-06-10' }

test.each([
  ['Asia/Kolkata', 30],
  ['America/St_Johns', 30],
  ['Asia/Kathmandu', 45],
  ['Australia/Lord_Howe', 30],
])('a zone whose hours are not those of UTC gets a note on how they count: %s', (zone, minutes) => {
  expect(hoursNote(zone, range)).toBe(
    `Clicks are added up by UTC hours, which begin ${minutes} minutes past the hour in ${zone}. ` +
      `Each hour counts where it begins: a day runs from 00:${minutes} to 00:${minutes}, ` +
      `and the hour 12:00 from 12:${minutes} to 13:${minutes}.`,
  )
})

test('a zone with other hours in some months gets a note', () => {
  expect(hoursNote('Australia/Lord_Howe', year)).toContain('Australia/Lord_Howe for a part of this period.')
  expect(hoursNote('Australia/Lord_Howe', { start: '2025-01-05', end: '2025-01-20' })).toBeUndefined()
})

test.each(['UTC', 'Etc/UTC', 'America/Havana', 'Atlantic/Azores', 'Europe/Oslo'])(
  'hours of other zones need no note: %s',
  (zone) => {
    expect(hoursNote(zone, year)).toBeUndefined()
  },
)

test('figures by UTC day get a note if the zone’s days differ', () => {
  expect(utcDays('Europe/London', { start: '2025-01-01', end: '2025-02-01' })).toBeUndefined()
  expect(utcDays('Europe/London', year)).toBe('By UTC days, not by days in Europe/London.')
  expect(utcDays('America/St_Johns', { start: '2025-01-01', end: '2025-01-01' })).toBe(
    'By UTC days, not by days in America/St_Johns.',
  )
  expect(utcVisitors('Asia/Tokyo', range)).toBe('Different visitors: by UTC days, not by days in Asia/Tokyo.')
  expect(utcVisitors('UTC', range)).toBeUndefined()
})
