/** Settings that every pooler in transaction mode tracks per client. */
export const pooledSettings = {
  DateStyle: 'ISO, MDY',
  TimeZone: 'UTC',
  standard_conforming_strings: 'on',
}

/** Settings that change values silently. If a pooler drops them, the role has to have them. */
export const settingsOfValues = {
  extra_float_digits: '1',
  array_nulls: 'on',
  transform_null_equals: 'off',
}

/** The longest that PostgreSQL knows, in milliseconds. The driver leaves out 0. */
const never = 2_147_483_647

/**
 * What ends connections that are in use, in milliseconds. `transaction_timeout` would belong to them, but PostgreSQL
 * before 17 refuses connections that set it.
 */
export const settingsOfEnds = {
  idle_session_timeout: never,
  idle_in_transaction_session_timeout: never,
}

/** Those that no connection may have so short, in milliseconds, that hardly any work ends before. */
export const ends = { names: [...Object.keys(settingsOfEnds), 'transaction_timeout'], shortest: 1_000 }

/**
 * What statements and the parsing of their results rely on, whatever is set for the role, the database or the server:
 * values arrive as they were written, arrays and comparisons follow the standard, and no lock times out before the
 * statement does.
 */
export const sessionSettings = {
  ...pooledSettings,
  ...settingsOfValues,
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  quote_all_identifiers: 'off',
  default_transaction_isolation: 'read committed',
  lock_timeout: never,
  ...settingsOfEnds,
} as const
