module.exports = require('@strapi/strapi').factories.createCoreService('api::affiliate-link.affiliate-link')
