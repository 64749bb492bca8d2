import { randomBytes, randomInt, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { fail, ok, type Result } from '../base/result.ts'

type Parameters = { ln: number; r: number; p: number }

/** 32 MiB and some tenths of a second per attempt (OWASP's scrypt parameters for little memory). */
const standard: Parameters = { ln: 15, r: 8, p: 3 }
const keyBytes = 32
const saltBytes = 16
const shortest = 12
const longest = 1000

/** The password as it is hashed, or why it is not allowed. Equal characters are equal, however they were typed. */
export function acceptPassword(given: string): Result<string, { message: string }> {
  const password = given.normalize('NFKC')
  const length = [...password].length
  if (length < shortest) return fail({ message: `The password must have at least ${shortest} characters` })
  if (length > longest) return fail({ message: `The password must have at most ${longest} characters` })
  return ok(password)
}

/** A password of 100 random bits, in groups that can be read out. */
export function generatePassword(): string {
  const letters = 'abcdefghijkmnpqrstuvwxyz23456789'
  const group = () => Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('')
  return Array.from({ length: 4 }, group).join('-')
}

/** `$scrypt$ln=15,r=8,p=3$salt$key`, the last two in Base64: all that is needed to check a password. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes)
  const key = await derive(password, salt, standard)
  const { ln, r, p } = standard
  return `$scrypt$ln=${ln},r=${r},p=${p}$${salt.toString('base64')}$${key.toString('base64')}`
}

/** Whether this is the password of a stored hash; false for an invalid hash, too. Takes the same time either way. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const parts = /^\$scrypt\$ln=(1\d),r=([1-9]\d?),p=([1-9]\d?)\$([\w+/=]+)\$([\w+/=]+)$/.exec(stored)
  const [, ln, r, p, salt = '', key = ''] = parts ?? []
  const parameters = parts ? { ln: Number(ln), r: Number(r), p: Number(p) } : standard
  const expected = parts ? Buffer.from(key, 'base64') : Buffer.alloc(0)
  const derived = await derive(password.normalize('NFKC'), Buffer.from(salt, 'base64'), parameters)
  return derived.length === expected.length && timingSafeEqual(derived, expected)
}

const scryptKey = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt)

const derive = (password: string, salt: Buffer, { ln, r, p }: Parameters): Promise<Buffer> => {
  const cost = 2 ** ln
  return scryptKey(password, salt, keyBytes, {
    cost,
    blockSize: r,
    parallelization: p,
    maxmem: 256 * cost * r,
  })
}
