import { defineCollection } from 'astro:content'
import { glob } from 'astro/loaders'
import { z } from 'astro/zod'

export const collections = {
  essays: defineCollection({
    loader: glob({ pattern: '**/*.md', base: './src/essays' }),
    schema: z.object({ title: z.string(), written: z.coerce.date() }),
  }),
}
