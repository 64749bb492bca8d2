module.exports = require('@strapi/strapi').factories.createCoreService('api::promo-text.promo-text')
