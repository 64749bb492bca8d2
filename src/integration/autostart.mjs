/** Whether the site's program serves it by itself. From here on its adapter leaves that to us. */
export const autostart = process.env.ASTRO_NODE_AUTOSTART !== 'disabled'
process.env.ASTRO_NODE_AUTOSTART = 'disabled'
