module.exports = require('@strapi/strapi').factories.createCoreController('api::promo-text.promo-text')
