/// <reference types="astro/client" />

declare namespace App {
  interface Locals {
    app: import('./lib/app.ts').App
    client: import('./lib/http/client.ts').Client
    /** Who is signed in, on the pages that need it. */
    editor?: import('./lib/auth/session.ts').Editor
  }
}
