"""Promo tracking for a newsletter script: choose promos, report what was sent and what was sold.

One file, standard library only: install it with pip, or copy this folder next to your script. Nothing that goes
wrong with the service, or on the way to it, raises: a send must not depend on its statistics. Only a wrong argument
raises ValueError.

Every attempt ends within `seconds`, whatever the service does. If it answers 429 (too many requests from this
address), the call waits as long as `Retry-After` says and retries, provided that its waits together stay within
`patience` seconds; 0 never waits.
"""
import argparse
import datetime
import decimal
import ipaddress
import json
import os
import re
import sys
import textwrap
import threading
import time
import urllib.parse
import urllib.request
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Union

SELECT_SECONDS = 5.0
REPORT_SECONDS = 2.0
PATIENCE_SECONDS = 10.0
MOST_ANSWER_BYTES = 64 * 1024
MOST_RECIPIENTS = 10_000_000
MOST_SECONDS = 86_400
LARGEST_ID = 2_147_483_647
STATUSES = ("pending", "approved", "rejected")
NOT_THE_API = "not an answer of this API, whose address is like https://your.site/api/v1/promo"
UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class Service(NamedTuple):
    """Where the API is, such as http://127.0.0.1:4321/api/v1/promo, and the site's PROMO_INGEST_TOKEN, if any."""

    api: str
    token: Optional[str] = None


class Promo(NamedTuple):
    """What to show, with printable characters only; escape it for HTML."""

    offer_id: int
    variation_id: int
    name: str
    text: str
    call_to_action: str
    link: str


class Selection(NamedTuple):
    """A promo for each segment, or fewer if there are fewer texts; if there are none, the reason why."""

    promos: List[Promo]
    reason: str


class Outcome(NamedTuple):
    """What happened to a report, and why.

    `recorded`: it is in the database.
    `kept`: the database is away (503 with `"queued": true`). The service has it on disk and records it later: never
        send it again.
    `again`: not recorded (429, 503 and other errors of the service), or unknown (no answer in time, a broken
        connection). Send the same later: if it was recorded after all, it does not count twice.
    `refused`: something in it is wrong. Sending it again does not help.
    """

    state: str
    reason: str


def select(
    service: Service,
    send_id: str,
    *,
    segments: int = 1,
    newsletter: Optional[str] = None,
    seconds: float = SELECT_SECONDS,
    patience: float = PATIENCE_SECONDS,
) -> Selection:
    """Choose a promo for a send, or one for each of 2 to 8 random parts of its recipients.

    Asking again returns the same.

    `newsletter` says which of several lists the send goes to. No answer within `seconds`, a 429 beyond `patience`,
    a 503 (the database is away) or any other answer without a promo: no promo, and the send goes out without one.
    """
    check_name("send_id", send_id)
    if type(segments) is not int or not 1 <= segments <= 8:
        raise ValueError(f"segments is {segments!r}, which is not a whole number from 1 to 8")
    check_texts(newsletter=newsletter)
    check_durations(seconds=seconds, patience=patience)
    asked = {"newsletter_send_id": send_id, **({"segments": str(segments)} if segments > 1 else {})}
    asked.update({"newsletter": newsletter} if newsletter else {})
    query = urllib.parse.urlencode(asked)
    request = urllib.request.Request(f"{service.api}/select-random?{query}", headers=headers_for(service))
    try:
        answer = call(request, seconds, patience)
        if answer.status == 200:
            return Selection(promos_in(answer.body), "")
        return Selection([], said(answer))
    except (NoAnswer, ValueError) as fault:
        return Selection([], str(fault))


def report(
    service: Service,
    *,
    offer_id: int,
    variation_id: int,
    send_id: str,
    recipients: int,
    newsletter: Optional[str] = None,
    seconds: float = REPORT_SECONDS,
    patience: float = PATIENCE_SECONDS,
) -> Outcome:
    """Report how many people got a text with a send. Without their number every rate would be wrong, so it is required.

    Repeating the same send and text counts once; another number of recipients corrects the first. A 503 is `kept`
    or `again` (see Outcome), a 429 beyond `patience` and no answer within `seconds` are `again`. The service itself
    answers within 1.3 s.
    """
    check_name("send_id", send_id)
    check_number("offer_id", offer_id, 1, LARGEST_ID)
    check_number("variation_id", variation_id, 1, LARGEST_ID)
    check_number("recipients", recipients, 0, MOST_RECIPIENTS)
    check_texts(newsletter=newsletter)
    impression: Dict[str, Any] = {
        "offer_id": offer_id,
        "variation_id": variation_id,
        "newsletter_send_id": send_id,
        "recipients": recipients,
    }
    if newsletter:
        impression["newsletter"] = newsletter
    return post(service, "track-impression", impression, seconds, patience)


def conversion(
    service: Service,
    *,
    external_id: str,
    amount: Union[str, int, decimal.Decimal],
    currency: str,
    click_id: Optional[str] = None,
    variation_id: Optional[int] = None,
    send_id: Optional[str] = None,
    source: Optional[str] = None,
    status: str = "approved",
    occurred_at: Optional[datetime.datetime] = None,
    seconds: float = REPORT_SECONDS,
    patience: float = PATIENCE_SECONDS,
) -> Outcome:
    """Report a sale: give the `click_id` that the redirect passed on, or else `variation_id` and optionally `send_id`.

    `external_id` is the id of the sale, and `source` the network it comes from, if several report. Repeating a sale
    counts once; the report that arrives last decides `status` (pending, approved, rejected), `amount` and
    `currency` (ISO 4217). So after `again`, repeat it before any later report of that sale. `amount` is kept digit
    by digit, so it is not a float. `occurred_at` needs a time zone; the default is now.

    A 503 is `kept` or `again` (see Outcome), a 429 beyond `patience` and no answer within `seconds` are `again`. A
    sale that was reported under another click or text is `refused` (409).
    """
    check_name("external_id", external_id)
    check_texts(currency=currency, click_id=click_id, send_id=send_id, source=source)
    if (not click_id) == (variation_id is None):
        raise ValueError("either click_id or variation_id is needed, and not both")
    if send_id and variation_id is None:
        raise ValueError("send_id goes with variation_id only: a click says its send itself")
    if variation_id is not None:
        check_number("variation_id", variation_id, 1, LARGEST_ID)
    if status not in STATUSES:
        raise ValueError(f"status is {status!r}, which is not one of {', '.join(STATUSES)}")
    if occurred_at is not None and not isinstance(occurred_at, datetime.datetime):
        raise ValueError(f"occurred_at is {occurred_at!r}, which is not a datetime")
    if occurred_at is not None and occurred_at.tzinfo is None:
        raise ValueError("occurred_at has no time zone")
    sale: Dict[str, Any] = {
        "external_id": external_id,
        "amount": digits_of(amount),
        "currency": currency,
        "status": status,
        "click_id": click_id or None,
        "variation_id": variation_id,
        "newsletter_send_id": send_id or None,
        "source": source or None,
        "occurred_at": occurred_at.isoformat() if occurred_at else None,
    }
    return post(service, "track-conversion", {k: v for k, v in sale.items() if v is not None}, seconds, patience)


def digits_of(amount: Union[str, int, decimal.Decimal]) -> str:
    """`12.50`; raises ValueError."""
    text = format(amount, "f") if isinstance(amount, decimal.Decimal) else str(amount)
    if isinstance(amount, (bool, float)) or not re.fullmatch(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?", text):
        raise ValueError(
            f'amount is {amount!r}, which is not a number like "12.50" (a string, a Decimal or a whole number)'
        )
    return text


class NoAnswer(Exception):
    """The service gave no complete HTTP answer in time; the message says why."""


class Answer(NamedTuple):
    status: int
    retry_after: str
    body: bytes


class EveryAnswerCounts(urllib.request.HTTPErrorProcessor):
    """Hands back error answers as they are, and follows no redirect: that would take the token elsewhere."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response

    https_response = http_response


def post(service: Service, path: str, body: Dict[str, Any], seconds: float, patience: float) -> Outcome:
    check_durations(seconds=seconds, patience=patience)
    request = urllib.request.Request(
        f"{service.api}/{path}",
        data=json.dumps(body).encode("utf-8"),
        headers={**headers_for(service), "Content-Type": "application/json"},
    )
    try:
        answer = call(request, seconds, patience)
    except NoAnswer as fault:
        return Outcome("again", str(fault))
    if answer.status == 204:
        return Outcome("recorded", "")
    if answer.status == 503 and is_queued(answer.body):
        return Outcome("kept", said(answer))
    return Outcome("again" if may_pass(answer.status) else "refused", said(answer))


def may_pass(status: int) -> bool:
    return status in (408, 429) or status >= 500


def call(request: urllib.request.Request, seconds: float, patience: float) -> Answer:
    """The answer, each time within `seconds`; after a 429 once more, as long as all waiting is within `patience`."""
    while True:
        answer = call_once(request, seconds)
        if answer.status != 429 or not re.fullmatch("[0-9]{1,6}", answer.retry_after):
            return answer
        pause = max(1, int(answer.retry_after))
        if pause > patience:
            return answer
        patience -= pause
        time.sleep(pause)


def call_once(request: urllib.request.Request, seconds: float) -> Answer:
    """The answer, within `seconds` in total; raises NoAnswer.

    A socket's timeout starts anew with every byte that arrives, so the request runs in a thread that is left
    behind when the time is over.
    """
    handlers: List[Any] = [EveryAnswerCounts()]
    if is_loopback(urllib.parse.urlsplit(request.full_url).hostname or ""):
        handlers.append(urllib.request.ProxyHandler({}))
    answers: List[Answer] = []
    faults: List[Exception] = []

    def run() -> None:
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=seconds + 1) as response:
                retry_after = response.headers.get("Retry-After", "")
                answers.append(Answer(response.status, retry_after, response.read(MOST_ANSWER_BYTES)))
        except Exception as fault:  # whatever it is, it must not stop the send
            faults.append(fault)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if answers:
        return answers[0]
    if faults:
        raise NoAnswer(one_line(str(getattr(faults[0], "reason", faults[0]))))
    raise NoAnswer(f"no complete answer within {seconds:g} s")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def headers_for(service: Service) -> Dict[str, str]:
    if service.token is not None and not isinstance(service.token, str):
        raise ValueError(f"the token is a {type(service.token).__name__} and not a string")
    token = re.sub("[^!-~]+", "", service.token or "")
    headers = {"Accept": "application/json", "User-Agent": "promo-tracking-python/1"}
    return {**headers, "Authorization": f"Bearer {token}"} if token else headers


def check_name(field: str, text: str) -> None:
    if not isinstance(text, str) or not 1 <= len(text) <= 100:
        raise ValueError(f"{field} is {text!r}, which is not a string of 1 to 100 characters")


def check_number(field: str, value: int, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{field} is {value!r}, which is not a whole number from {least} to {most}")


def check_texts(**texts: Optional[str]) -> None:
    """None counts as not given."""
    for field, text in texts.items():
        if text is not None and not isinstance(text, str):
            raise ValueError(f"{field} is {text!r}, which is not a string")


def check_durations(**durations: float) -> None:
    for field, value in durations.items():
        if type(value) not in (int, float) or not 0 <= value <= MOST_SECONDS:
            raise ValueError(f"{field} is {value!r}, which is not a number of seconds from 0 to {MOST_SECONDS}")


def printable(text: str) -> str:
    return UNPRINTABLE.sub(" ", text).strip()


def one_line(text: str) -> str:
    return " ".join(printable(text).split())


def json_in(body: bytes) -> Dict[str, Any]:
    """The JSON object in a body; raises ValueError."""
    try:
        value = json.loads(body.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply")
    except ValueError:
        raise ValueError(NOT_THE_API)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def said(answer: Answer) -> str:
    """An error answer on one short line."""
    try:
        fault = json_in(answer.body)
        text = f"{fault.get('error', '')}: {fault.get('message') or fault.get('details') or ''}"
    except ValueError:
        text = answer.body[:200].decode("utf-8", "replace") if may_pass(answer.status) else NOT_THE_API
    return textwrap.shorten(f"{answer.status} {printable(text)}", 300)


def is_queued(body: bytes) -> bool:
    try:
        return json_in(body).get("queued") is True
    except ValueError:
        return False


def promos_in(body: bytes) -> List[Promo]:
    """The promo of each segment in a select-random answer, or the only one; raises ValueError."""
    answer = json_in(body)
    segments = answer.get("segments", [answer])
    if not isinstance(segments, list) or not segments:
        raise ValueError("segments is not a list")
    promos = [promo_from(segment) for segment in segments]
    if len({promo.variation_id for promo in promos}) < len(promos):
        raise ValueError("two segments have the same variation")
    return promos


def promo_from(answer: Any) -> Promo:
    """Raises ValueError naming the field that is not valid."""
    if not isinstance(answer, dict):
        raise ValueError("a segment is not a JSON object")

    def identifier(field: str) -> int:
        value = answer.get(field)
        if type(value) is not int or not 1 <= value <= LARGEST_ID:
            raise ValueError(f"{field} is not an identifier")
        return value

    def text(field: str) -> str:
        value = answer.get(field)
        if not isinstance(value, str) or not printable(value):
            raise ValueError(f"{field} is not a string")
        return printable(value)

    link = text("link")
    target = urllib.parse.urlsplit(link)
    if target.scheme not in ("http", "https") or not target.hostname or not re.fullmatch("[!-~]+", link):
        raise ValueError("link is not an http or https address")
    return Promo(
        identifier("offer_id"),
        identifier("variation_id"),
        one_line(text("offer_name")),
        text("text_content"),
        "Read more →" if answer.get("cta_text") is None else one_line(text("cta_text")),
        link,
    )


def api_address(text: str) -> str:
    """For argparse: an address without a slash at its end."""
    parts = urllib.parse.urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0 or parts.query:
        raise argparse.ArgumentTypeError(f"{text!r} is not like http://127.0.0.1:4321/api/v1/promo")
    return text.rstrip("/")


def whole_number(text: str) -> int:
    """For argparse."""
    if not re.fullmatch("[0-9]{1,10}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def time_with_zone(text: str) -> datetime.datetime:
    """For argparse."""
    try:
        time_told = datetime.datetime.fromisoformat(re.sub("[Zz]$", "+00:00", text))
    except ValueError:
        time_told = datetime.datetime.min
    if time_told.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time with its zone, such as 2026-11-18T12:00:00Z")
    return time_told


def add_service_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--api", metavar="URL", type=api_address, default="http://127.0.0.1:4321/api/v1/promo",
        help="where the promo service is (default: %(default)s)")
    parser.add_argument(
        "--token", metavar="TOKEN", default=os.environ.get("PROMO_INGEST_TOKEN", ""),
        help="sent as Bearer token; needed if the site has set one, and from another machine "
        "(default: $PROMO_INGEST_TOKEN)")


def options_from(arguments: Optional[Sequence[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="promo-tracking",
        description="Choose promos for a newsletter, report what was sent and what was sold.",
        epilog="exit code: 0 done; 1 refused, or no promo; 2 wrong arguments; 75 not done, try the same again later",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    choose = commands.add_parser("select", help="prints the promos of a send as a JSON list")
    choose.add_argument("--segments", type=whole_number, default=1, metavar="K", help="2 to 8 parts with a promo each")
    tell = commands.add_parser("report", help="reports how many people got a text")
    tell.add_argument("--offer", type=whole_number, required=True, metavar="ID")
    tell.add_argument("--variation", type=whole_number, required=True, metavar="ID")
    tell.add_argument("--recipients", type=whole_number, required=True, metavar="N")
    for command in (choose, tell):
        add_service_options(command)
        command.add_argument("--send", required=True, metavar="NAME", help="name of the send, 1 to 100 characters")
        command.add_argument("--newsletter", default="", metavar="NAME", help="which of several lists this is")

    sell = commands.add_parser("conversion", help="reports a sale")
    add_service_options(sell)
    sell.add_argument("--id", required=True, metavar="ID", help="id of the sale")
    sell.add_argument("--amount", required=True, metavar="DIGITS", help="such as 12.50")
    sell.add_argument("--currency", required=True, metavar="CODE", help="ISO 4217 code, such as EUR")
    sell.add_argument("--click", default="", metavar="ID", help="what the redirect passed on; or else:")
    sell.add_argument("--variation", type=whole_number, metavar="ID", help="the text")
    sell.add_argument("--send", default="", metavar="NAME", help="the send, together with --variation")
    sell.add_argument("--source", default="", metavar="NAME", help="the network that the id comes from")
    sell.add_argument(
        "--status", choices=STATUSES, default="approved", help="status of the sale (default: %(default)s)")
    sell.add_argument("--occurred-at", type=time_with_zone, metavar="TIME", help="with its time zone (default: now)")
    return parser.parse_args(arguments)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    options = options_from(arguments)
    service = Service(options.api, options.token)
    try:
        if options.command == "select":
            return print_selection(
                select(service, options.send, segments=options.segments, newsletter=options.newsletter))
        if options.command == "conversion":
            return print_outcome(conversion(
                service, external_id=options.id, amount=options.amount, currency=options.currency,
                click_id=options.click, variation_id=options.variation, send_id=options.send,
                source=options.source, status=options.status, occurred_at=options.occurred_at))
        return print_outcome(report(
            service, offer_id=options.offer, variation_id=options.variation, send_id=options.send,
            recipients=options.recipients, newsletter=options.newsletter))
    except ValueError as fault:
        print(f"promo-tracking: {fault}", file=sys.stderr)
        return 2


def print_selection(selection: Selection) -> int:
    if not selection.promos:
        print(f"no promo: {selection.reason}", file=sys.stderr)
        return 1
    print(json.dumps([promo._asdict() for promo in selection.promos], indent=2))
    return 0


def print_outcome(outcome: Outcome) -> int:
    print(outcome.state, outcome.reason, file=sys.stderr)
    return {"recorded": 0, "kept": 0, "refused": 1}.get(outcome.state, 75)


if __name__ == "__main__":
    sys.exit(main())
