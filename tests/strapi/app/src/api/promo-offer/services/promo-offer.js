module.exports = require('@strapi/strapi').factories.createCoreService('api::promo-offer.promo-offer')
