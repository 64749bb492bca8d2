// A back end that makes tokens may link to /sign-in#token=…: what follows "#" is sent to no server and is in no
// log. It is taken out of the address and put into the field. Pressing the button is left to whoever sits here,
// since otherwise any site could sign them in as somebody else.
const token = new URLSearchParams(location.hash.slice(1)).get('token')
if (token) {
  history.replaceState(null, '', location.pathname + location.search)
  const field = document.getElementById('token')
  field.value = token
  field.form.querySelector('button').focus()
}
