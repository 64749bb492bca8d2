/// <reference types="astro/client" />

declare namespace App {
  interface Locals {
    /** Missing where a request has come past our server and our middleware. */
    app?: import('./lib/app.ts').App
    client?: import('./lib/http/client.ts').Caller
    /** The site's 404 page where the build has made it already. */
    notFoundPage?: string | undefined
  }
}

/** Of `astro dev`: what an edit leaves alone, while it loads every module anew. */
declare var promoDevelopment: import('./server/development-app.ts').Development | undefined
