import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readTextFile } from '../../src/lib/base/text-file.ts'
import { temporaryFolder } from '../support/folders.ts'

function fileWith(content: string | Uint8Array): string {
  const path = join(temporaryFolder(), 'file.json')
  writeFileSync(path, content)
  return path
}

test('a file is read as text, without a byte order mark', () => {
  expect(readTextFile(fileWith('\uFEFFgrün\n'))).toEqual({ ok: true, value: 'grün\n' })
  expect(readTextFile(fileWith(''))).toEqual({ ok: true, value: '' })
})

test.each<[string, () => string, string]>([
  ['that is missing', () => join(temporaryFolder(), 'none.json'), 'there is no such file. Check the path'],
  [
    'below a file',
    () => join(fileWith(''), 'none.json'),
    'a part of its path is not a folder. Check the path',
  ],
  ['that is a folder', () => temporaryFolder(), 'it is a folder. Name a file'],
  ['of an impossible name', () => 'x'.repeat(5_000), 'ENAMETOOLONG'],
])('a file %s is reported with the remedy', (_, make, reason) => {
  expect(readTextFile(make())).toEqual({
    ok: false,
    fault: expect.stringMatching(new RegExp(`^cannot be read: ${reason}`)),
  })
})

test.skipIf(process.getuid?.() === 0)(
  'a file that this user may not read is reported with the remedy',
  () => {
    const path = fileWith('')
    chmodSync(path, 0)
    expect(readTextFile(path)).toMatchObject({ fault: expect.stringContaining('Give the user permission') })
  },
)

test('a file in another encoding is refused with the remedy', () => {
  expect(readTextFile(fileWith(Uint8Array.of(0xff, 0xfe, 0x7b, 0)))).toEqual({
    ok: false,
    fault: 'is not UTF-8 text. Save it with that encoding',
  })
})
