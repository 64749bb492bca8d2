module.exports = require('@strapi/strapi').factories.createCoreController('api::promo-offer.promo-offer')
