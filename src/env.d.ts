/// <reference types="astro/client" />

declare namespace App {
  interface Locals {
    /** Missing where a request has come past our server and our middleware. */
    app?: import('./lib/index.ts').PromoTracking
    client?: import('./lib/http/client.ts').Caller
    /** What the paths of this request's site begin with before ours do, such as `/news`; nothing for most. */
    root?: string
  }
}

/** For `astro dev`: what survives an edit, which reloads every module. */
declare var promoDevelopment: import('./server/development-app.ts').Development | undefined
