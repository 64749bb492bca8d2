import { readdir } from 'node:fs/promises'

export const migrationsFolder = new URL('../../../db/migrations/', import.meta.url)

/** The names of the migrations in a folder, in the order in which they are applied. */
export const listMigrations = async (folder: URL): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
