module.exports = require('@strapi/strapi').factories.createCoreRouter('api::promo-text.promo-text')
