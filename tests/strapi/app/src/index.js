const token = process.env.STRAPI_TOKEN

/** What the tests have an editor do: any method of Strapi's document service. */
async function act(ctx) {
  const { type, method, options } = ctx.request.body
  ctx.body = { done: await strapi.documents(type)[method](options) }
}

module.exports = {
  register({ strapi }) {
    strapi.server.routes([{ method: 'POST', path: '/editor', handler: act, config: { auth: false } }])
  },
  async bootstrap({ strapi }) {
    const tokens = strapi.service('admin::api-token')
    const accessKey = tokens.hash(token)
    await strapi.db.query('admin::api-token').delete({ where: { name: 'tests' } })
    await strapi.db.query('admin::api-token').create({
      data: { name: 'tests', description: '', type: 'read-only', accessKey, lifespan: null },
    })
    const webhooks = strapi.get('webhookStore')
    for (const { id } of await webhooks.findWebhooks()) await webhooks.deleteWebhook(id)
    const webhook = await webhooks.createWebhook({
      name: 'tests',
      url: process.env.STRAPI_WEBHOOK_URL,
      headers: { authorization: `Bearer of the recorder` },
      events: ['entry.create', 'entry.update', 'entry.delete', 'entry.publish', 'entry.unpublish'],
      isEnabled: true,
    })
    strapi.get('webhookRunner').add(webhook)
  },
}
