module.exports = require('@strapi/strapi').factories.createCoreRouter('api::promo-offer.promo-offer')
