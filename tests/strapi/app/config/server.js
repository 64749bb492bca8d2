module.exports = () => ({
  host: '127.0.0.1',
  port: Number(process.env.STRAPI_PORT),
  app: { keys: ['a key of the tests'] },
  logger: { updates: { enabled: false }, startup: { enabled: false } },
})
