export const migrationsFolder = new URL('../../../db/migrations/', import.meta.url)
