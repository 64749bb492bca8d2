module.exports = require('@strapi/strapi').factories.createCoreRouter('api::affiliate-link.affiliate-link')
