export const GET = () => Response.json({ issues: 3 })
