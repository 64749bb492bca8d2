/** In place of the adapter's way to send files, which is not used: the server answers requests for files itself. */
export default function send(): never {
  throw new Error('files of the pages are sent by the server')
}
