"""The promo service as a newsletter script sees it: ask for a promo, report its impression, never fail.

Standard library only, so that it can be copied beside a publisher's own script.
"""
import ipaddress
import json
import logging
import re
import textwrap
import threading
import urllib.parse
import urllib.request
from typing import Any, Dict, List, NamedTuple, Tuple

SELECT_SECONDS = 5.0
TRACK_SECONDS = 2.0
MOST_ANSWER_BYTES = 64 * 1024
UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

log = logging.getLogger("newsletter")


class Service(NamedTuple):
    api: str
    token: str


class Promo(NamedTuple):
    offer_id: int
    variation_id: int
    name: str
    text: str
    call_to_action: str
    link: str


class NoAnswer(Exception):
    """The service gave no complete HTTP answer in time; the message says why."""


class EveryAnswerCounts(urllib.request.HTTPErrorProcessor):
    """Hands back error answers as they are, and follows no redirect: that would take the token elsewhere."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response

    https_response = http_response


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def call(request: urllib.request.Request, seconds: float) -> Tuple[int, bytes]:
    """Status and body, within `seconds` in total; raises NoAnswer.

    A socket's timeout starts anew with every byte that arrives, so the request runs in a thread that is left
    behind when the time is over.
    """
    handlers: List[Any] = [EveryAnswerCounts()]
    if is_loopback(urllib.parse.urlsplit(request.full_url).hostname or ""):
        handlers.append(urllib.request.ProxyHandler({}))
    answers: List[Tuple[int, bytes]] = []
    faults: List[Exception] = []

    def run() -> None:
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=seconds + 1) as response:
                answers.append((response.status, response.read(MOST_ANSWER_BYTES)))
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


def headers_for(service: Service) -> Dict[str, str]:
    token = re.sub("[^!-~]+", "", service.token)
    headers = {"Accept": "application/json", "User-Agent": "daily-brief-newsletter/1"}
    return {**headers, "Authorization": f"Bearer {token}"} if token else headers


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
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def said(status: int, body: bytes) -> str:
    """An error answer on one short line for the log."""
    try:
        answer = json_in(body)
        text = f"{answer.get('error', '')}: {answer.get('message') or answer.get('details') or ''}"
    except ValueError:
        text = body[:200].decode("utf-8", "replace")
    return textwrap.shorten(f"{status} {printable(text)}", 300)


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
    """Raises ValueError naming the field that does not hold."""
    if not isinstance(answer, dict):
        raise ValueError("a segment is not a JSON object")

    def identifier(field: str) -> int:
        value = answer.get(field)
        if type(value) is not int or not 1 <= value <= 2147483647:
            raise ValueError(f"{field} is not an identifier")
        return value

    def text(field: str) -> str:
        value = answer.get(field)
        if not isinstance(value, str) or not printable(value):
            raise ValueError(f"{field} is not a text")
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


def select_promos(service: Service, send_id: str, segments: int = 1, newsletter: str = "") -> List[Promo]:
    """A promo for each segment of this send, fewer where there are fewer texts, or none; the log says why."""
    asked = {"newsletter_send_id": send_id, **({"segments": segments} if segments > 1 else {})}
    asked.update({"newsletter": newsletter} if newsletter else {})
    query = urllib.parse.urlencode(asked)
    request = urllib.request.Request(f"{service.api}/select-random?{query}", headers=headers_for(service))
    try:
        status, body = call(request, SELECT_SECONDS)
        if status == 200:
            return promos_in(body)
        reason = said(status, body)
    except (NoAnswer, ValueError) as fault:
        reason = str(fault)
    log.warning("no promo in this issue: %s", reason)
    return []


def report_impression(
    service: Service, promo: Promo, send_id: str, recipients: int, newsletter: str = ""
) -> None:
    """Tell the service that the promo went out; the log says what came of it."""
    impression = {
        "offer_id": promo.offer_id,
        "variation_id": promo.variation_id,
        "newsletter_send_id": send_id,
        "recipients": recipients,
        **({"newsletter": newsletter} if newsletter else {}),
    }
    request = urllib.request.Request(
        f"{service.api}/track-impression",
        data=json.dumps(impression).encode("utf-8"),
        headers={**headers_for(service), "Content-Type": "application/json"},
    )
    try:
        status, body = call(request, TRACK_SECONDS)
    except NoAnswer as fault:
        log.warning("impression not reported: %s", fault)
        return
    if status in (200, 204):
        log.info("impression of variation %d reported, recipients: %d", promo.variation_id, recipients)
    elif status == 503 and is_queued(body):
        log.info("impression kept by the service, which will count it later; not sent again")
    else:
        log.warning("impression not counted: %s", said(status, body))


def is_queued(body: bytes) -> bool:
    try:
        return json_in(body).get("queued") is True
    except ValueError:
        return False
