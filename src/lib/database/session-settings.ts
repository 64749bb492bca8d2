/** What every pooler in transaction mode keeps for each of its clients. */
export const pooledSettings = {
  DateStyle: 'ISO, MDY',
  TimeZone: 'UTC',
  standard_conforming_strings: 'on',
}

/** What changes values without a word. If a pooler drops what the site has set, the role has to have these. */
export const settingsOfValues = {
  extra_float_digits: '1',
  array_nulls: 'on',
  transform_null_equals: 'off',
}

/**
 * What statements and the reading of their answers rely on, whatever the role, the database or the server has
 * set: values arrive as they were written, arrays and comparisons mean what the standard says, and no lock is
 * given up before the statement is.
 */
export const sessionSettings = {
  ...pooledSettings,
  ...settingsOfValues,
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  quote_all_identifiers: 'off',
  default_transaction_isolation: 'read committed',
  lock_timeout: 0,
} as const
