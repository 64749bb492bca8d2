import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { printable } from '../../src/cli/terminal.ts'

test('control characters are shown by their codes, everything else unchanged', () => {
  expect(printable('\u001b[31mred\u001b[0m\r\u0000\u0007\u007f\u009b2J')).toBe(
    '\\u001b[31mred\\u001b[0m\\u000d\\u0000\\u0007\\u007f\\u009b2J',
  )
  expect(printable('a\u202eb\u2066c\u200fd\u2028e')).toBe('a\\u202eb\\u2066c\\u200fd\\u2028e')
  const harmless = 'Build Now →\tÅse 日本 👩‍💻\nרגיל'
  expect(printable(harmless)).toBe(harmless)
})

test('the command line only writes through this function', () => {
  const others = globSync('src/cli/*.ts').filter(
    (path) =>
      path !== 'src/cli/terminal.ts' &&
      // Asks for a password, in words of its own.
      path !== 'src/cli/read-password.ts' &&
      /process\.std(out|err)|console\.|destination\(/.test(readFileSync(path, 'utf8')),
  )
  expect(others).toEqual([])
})
