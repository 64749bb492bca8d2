module.exports = require('@strapi/strapi').factories.createCoreController(
  'api::affiliate-link.affiliate-link',
)
