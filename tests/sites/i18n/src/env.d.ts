declare namespace App {
  interface Locals {
    greeting: string
  }
}
