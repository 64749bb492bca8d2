import { resolve } from 'node:path'

/** What each program that a test starts gets; code that an earlier one has compiled halves its start. */
export const processEnvironment = {
  PATH: process.env.PATH,
  NODE_COMPILE_CACHE: resolve('node_modules/.cache/compiled-for-tests'),
}
