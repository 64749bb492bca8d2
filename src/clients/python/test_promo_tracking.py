"""Runs the client against a small server on this machine: python3 -m unittest"""
import contextlib
import datetime
import decimal
import http.server
import inspect
import io
import itertools
import json
import threading
import time
import unittest
import urllib.parse
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple
from unittest import mock

import promo_tracking
from promo_tracking import NOT_THE_API, Service, conversion, main, report, select

PAGE = b"<!DOCTYPE html><title>Elsewhere</title>"
PROMO = {
    "offer_id": 4,
    "offer_name": "No Code MBA",
    "variation_id": 42,
    "text_content": "Build your\nstartup \x07this weekend.",
    "cta_text": None,
    "link": "http://localhost:4321/nocodemba?promo_var=42",
}
IMPRESSION: Dict[str, Any] = {"offer_id": 4, "variation_id": 42, "send_id": "monday", "recipients": 1200}


class Given(NamedTuple):
    """What the server answers; `hang` never answers."""

    status: int
    body: Any = None
    headers: Tuple[Tuple[str, str], ...] = ()
    hang: bool = False


class Received(NamedTuple):
    path: str
    query: Dict[str, List[str]]
    token: Optional[str]
    body: Any


class Site:
    """Gives its answers one after the other, the last one from then on."""

    def __init__(self, *answers: Given) -> None:
        self.answers = list(answers)
        self.received: List[Received] = []
        self.over = threading.Event()

    @contextlib.contextmanager
    def running(self, token: str = "") -> Iterator[Service]:
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                sent = self.rfile.read(length)
                parts = urllib.parse.urlsplit(self.path)
                site.received.append(Received(
                    parts.path, urllib.parse.parse_qs(parts.query), self.headers.get("Authorization"),
                    json.loads(sent) if sent else None))
                given = site.answers.pop(0) if len(site.answers) > 1 else site.answers[0]
                if given.hang:
                    site.over.wait(10)
                    return
                body = b"" if given.body is None else given.body
                if not isinstance(body, bytes):
                    body = json.dumps(body).encode()
                self.send_response(given.status)
                for name, value in given.headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *_: Any) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield Service(f"http://127.0.0.1:{server.server_port}/promo", token)
        finally:
            self.over.set()
            server.shutdown()
            server.server_close()


class Selecting(unittest.TestCase):
    def test_gives_the_promo_with_nothing_in_it_that_is_not_printable(self) -> None:
        site = Site(Given(200, PROMO))
        with site.running("secret") as service:
            promos, reason = select(service, "monday", newsletter="weekly")
        self.assertEqual(reason, "")
        self.assertEqual([tuple(promo) for promo in promos], [
            (4, 42, "No Code MBA", "Build your\nstartup  this weekend.", "Read more →", PROMO["link"])])
        self.assertEqual(site.received, [Received(
            "/promo/select-random", {"newsletter_send_id": ["monday"], "newsletter": ["weekly"]},
            "Bearer secret", None)])

    def test_gives_one_for_each_segment(self) -> None:
        site = Site(Given(200, {**PROMO, "segments": [PROMO, {**PROMO, "variation_id": 43}]}))
        with site.running() as service:
            promos, _ = select(service, "monday", segments=3)
        self.assertEqual([promo.variation_id for promo in promos], [42, 43])
        self.assertEqual(site.received[0].query["segments"], ["3"])
        self.assertIsNone(site.received[0].token)

    def test_gives_none_and_the_reason(self) -> None:
        for given, reason in [
            (Given(404, {"error": "no_eligible_promo", "message": "none"}), "404 no_eligible_promo: none"),
            (Given(503, {"error": "database_unavailable", "message": "away"}), "503 database_unavailable: away"),
            (Given(200, {**PROMO, "link": "javascript:alert(1)"}), "link is not an http or https address"),
            (Given(200, {**PROMO, "offer_id": True}), "offer_id is not an identifier"),
            (Given(200, [PROMO]), "not a JSON object"),
            (Given(307, None, (("Location", "/elsewhere"),)), f"307 {NOT_THE_API}"),
            (Given(200, PAGE), NOT_THE_API),
            (Given(0, hang=True), "no complete answer within 0.2 s"),
        ]:
            with self.subTest(reason), Site(given).running() as service:
                self.assertEqual(select(service, "monday", seconds=0.2 if given.hang else 5), ([], reason))

    def test_asks_nobody_with_a_wrong_argument(self) -> None:
        service = Service("http://127.0.0.1:9")
        for send_id, segments in [("", 1), ("x" * 101, 1), ("monday", 9), ("monday", 0)]:
            with self.subTest(send_id), self.assertRaises(ValueError):
                select(service, send_id, segments=segments)


class Reporting(unittest.TestCase):
    def test_tells_how_many_got_it(self) -> None:
        site = Site(Given(204))
        with site.running() as service:
            self.assertEqual(report(service, **IMPRESSION, newsletter="weekly"), ("recorded", ""))
        self.assertEqual(site.received[0].path, "/promo/track-impression")
        self.assertEqual(site.received[0].body, {
            "offer_id": 4, "variation_id": 42, "newsletter_send_id": "monday", "recipients": 1200,
            "newsletter": "weekly"})

    def test_does_not_go_without_recipients(self) -> None:
        service = Service("http://127.0.0.1:9")
        with self.assertRaises(TypeError):
            report(service, offer_id=4, variation_id=42, send_id="monday")  # type: ignore[call-arg]
        for recipients in (-1, 10_000_001, True, "9", None):
            with self.subTest(recipients), self.assertRaises(ValueError):
                report(service, **dict(IMPRESSION, recipients=recipients))

    def test_says_what_became_of_it(self) -> None:
        failed = {"error": "tracking_failed", "message": "away"}
        for given, state, reason in [
            (Given(503, {**failed, "queued": True}), "kept", "503 tracking_failed: away"),
            (Given(503, {**failed, "queued": False}), "again", "503 tracking_failed: away"),
            (Given(503, "busy"), "again", '503 "busy"'),
            (Given(500), "again", "500"),
            (Given(408), "again", "408"),
            (Given(400, {"error": "validation_error", "details": {"offer_id": "no"}}), "refused",
                "400 validation_error: {'offer_id': 'no'}"),
            (Given(302, None, (("Location", "/elsewhere"),)), "refused", f"302 {NOT_THE_API}"),
            (Given(404, PAGE), "refused", f"404 {NOT_THE_API}"),
            (Given(200, PAGE), "refused", f"200 {NOT_THE_API}"),
            (Given(502, PAGE), "again", f"502 {PAGE.decode()}"),
            (Given(0, hang=True), "again", "no complete answer within 0.2 s"),
        ]:
            site = Site(given)
            with self.subTest(reason), site.running() as service:
                seconds = 0.2 if given.hang else 5
                self.assertEqual(report(service, **IMPRESSION, seconds=seconds), (state, reason))
                self.assertEqual(len(site.received), 1)

    def test_says_that_nobody_is_there(self) -> None:
        with Site(Given(204)).running() as service:
            pass
        self.assertEqual(report(service, **IMPRESSION).state, "again")


SALE: Dict[str, Any] = {"external_id": "order-1042", "currency": "EUR", "click_id": "06h046bgv9t3p7qhb8t0v7bq2l"}


class Selling(unittest.TestCase):
    def test_tells_what_became_of_a_click(self) -> None:
        site = Site(Given(204))
        noon = datetime.datetime(2026, 11, 18, 12, tzinfo=datetime.timezone.utc)
        with site.running() as service:
            outcome = conversion(service, **SALE, amount="12.50", source="awin", status="pending", occurred_at=noon)
            conversion(
                service, external_id="7", amount=decimal.Decimal("1E+2"), currency="EUR", variation_id=42,
                send_id="monday")
        self.assertEqual(outcome, ("recorded", ""))
        self.assertEqual([received.path for received in site.received], ["/promo/track-conversion"] * 2)
        self.assertEqual([received.body for received in site.received], [
            {
                **SALE, "amount": "12.50", "source": "awin", "status": "pending",
                "occurred_at": "2026-11-18T12:00:00+00:00",
            },
            {"external_id": "7", "amount": "100", "currency": "EUR", "variation_id": 42, "newsletter_send_id": "monday",
                "status": "approved"},
        ])

    def test_says_what_became_of_it(self) -> None:
        for given, state in [
            (Given(503, {"queued": True}), "kept"),
            (Given(503, {"queued": False}), "again"),
            (Given(409, {"error": "conversion_differs"}), "refused"),
            (Given(429), "again"),
        ]:
            with self.subTest(state), Site(given).running() as service:
                self.assertEqual(conversion(service, **SALE, amount=12).state, state)

    def test_sends_nothing_that_is_wrong(self) -> None:
        service = Service("http://127.0.0.1:9")
        wrong: List[Dict[str, Any]] = [
            {"amount": 12.5}, {"amount": True}, {"amount": "12,50"}, {"amount": -1}, {"amount": decimal.Decimal("NaN")},
            {"variation_id": 42}, {"click_id": ""}, {"send_id": "monday"}, {"click_id": "", "variation_id": 0},
            {"status": "paid"}, {"external_id": ""}, {"occurred_at": datetime.datetime(2026, 11, 18)},
        ]
        for changed in wrong:
            with self.subTest(str(changed)), self.assertRaises(ValueError):
                conversion(service, **dict(SALE, **{"amount": "1", **changed}))


class Arguments(unittest.TestCase):
    """Whatever a script passes, it has to expect nothing but a ValueError."""

    CALLS: Tuple[Tuple[Any, Dict[str, Any]], ...] = (
        (select, {"send_id": "monday"}),
        (report, IMPRESSION),
        (conversion, {**SALE, "amount": "1"}),
    )

    def test_of_a_wrong_type_are_refused(self) -> None:
        strange: List[Any] = [7, 1.5, True, b"x", {1}, ["x"], object(), datetime.date(2026, 11, 18), float("nan")]
        textual = {"send_id", "newsletter", "currency", "click_id", "source", "external_id", "occurred_at"}
        for call, given in self.CALLS:
            fields = inspect.signature(call).parameters.keys() & textual
            for field, value in itertools.product(sorted(fields), strange):
                with self.subTest(f"{call.__name__} {field} {value!r}"), self.assertRaisesRegex(ValueError, field):
                    call(Service("http://127.0.0.1:9"), **{**given, field: value})
            for field, value in itertools.product(("seconds", "patience"), ("5", None, -1, 1e9, float("nan"), True)):
                with self.subTest(f"{call.__name__} {field} {value!r}"), self.assertRaisesRegex(ValueError, field):
                    call(Service("http://127.0.0.1:9"), **{**given, field: value})
            with self.subTest(call.__name__), self.assertRaisesRegex(ValueError, "the token is a bytes"):
                call(Service("http://127.0.0.1:9", b"secret"), **given)  # type: ignore[arg-type]

    def test_that_are_none_are_not_given(self) -> None:
        """A script without a token gets None from os.environ.get, and a column of a database may be empty."""
        site = Site(Given(204))
        with site.running() as service:
            bare = Service(service.api, None)
            self.assertEqual(report(bare, **IMPRESSION, newsletter=None).state, "recorded")
            sale = {"external_id": "o", "currency": "EUR", "variation_id": 42, "amount": 1}
            none = dict.fromkeys(("click_id", "send_id", "source", "occurred_at"))
            self.assertEqual(conversion(bare, **sale, **none).state, "recorded")
            select(bare, "monday", newsletter=None)
        self.assertEqual([request.token for request in site.received], [None] * 3)


class TooMany(unittest.TestCase):
    """429: what the service says is waited for, within bounds."""

    def ask(self, *answers: Given, patience: float) -> Tuple[str, List[float], int]:
        site = Site(*answers)
        with site.running() as service, mock.patch.object(time, "sleep") as slept:
            outcome = report(service, **IMPRESSION, patience=patience)
        return outcome.state, [call.args[0] for call in slept.call_args_list], len(site.received)

    def test_waits_as_long_as_it_says(self) -> None:
        busy = Given(429, {"error": "rate_limited"}, (("Retry-After", "7"),))
        self.assertEqual(self.ask(busy, Given(204), patience=10), ("recorded", [7], 2))

    def test_never_waits_longer_than_its_patience_in_all(self) -> None:
        busy = Given(429, None, (("Retry-After", "4"),))
        self.assertEqual(self.ask(busy, patience=10), ("again", [4, 4], 3))
        self.assertEqual(self.ask(busy, patience=0), ("again", [], 1))
        none = Given(429, None, (("Retry-After", "0"),))
        self.assertEqual(self.ask(none, patience=2), ("again", [1, 1], 3))

    def test_does_not_wait_for_what_is_not_said(self) -> None:
        for said in ("", "soon", "99999999"):
            self.assertEqual(self.ask(Given(429, None, (("Retry-After", said),)), patience=10), ("again", [], 1))


class Commands(unittest.TestCase):
    def run_command(self, service: Service, *arguments: str) -> Tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main([arguments[0], "--api", service.api, *arguments[1:]])
            except SystemExit as end:
                code = int(end.code or 0)
        return code, out.getvalue(), err.getvalue()

    def test_select_prints_the_promos(self) -> None:
        with Site(Given(200, PROMO)).running() as service:
            code, out, _ = self.run_command(service, "select", "--send", "monday")
        self.assertEqual((code, json.loads(out)[0]["variation_id"]), (0, 42))
        with Site(Given(404)).running() as service:
            none = (1, "", f"no promo: 404 {NOT_THE_API}\n")
            self.assertEqual(self.run_command(service, "select", "--send", "monday"), none)

    def test_report_ends_with_what_became_of_it(self) -> None:
        for given, code in [
            (Given(204), 0),
            (Given(503, {"queued": True}), 0),
            (Given(400), 1),
            (Given(500), 75),
        ]:
            with self.subTest(given), Site(given).running() as service:
                ended = self.run_command(
                    service, "report", "--send", "monday", "--offer", "4", "--variation", "42", "--recipients", "9")
                self.assertEqual(ended[0], code)

    def test_conversion_takes_a_time_with_its_zone(self) -> None:
        sold = ["conversion", "--id", "7", "--amount", "12.50", "--currency", "EUR", "--variation", "42"]
        site = Site(Given(204))
        with site.running() as service:
            ended = self.run_command(service, *sold, "--occurred-at", "2026-11-18T12:00:00Z")
            self.assertEqual(ended[0], 0)
            self.assertEqual(self.run_command(service, *sold, "--occurred-at", "2026-11-18")[0], 2)
            self.assertEqual(self.run_command(service, *sold, "--click", "x")[0], 2)
        self.assertEqual([received.body["occurred_at"] for received in site.received], ["2026-11-18T12:00:00+00:00"])

    def test_wrong_arguments_are_told(self) -> None:
        service = Service("http://127.0.0.1:9")
        report_it = ["report", "--send", "monday", "--offer", "4", "--variation", "42"]
        for arguments, told in [
            (report_it, "--recipients"),
            ([*report_it, "--recipients", "20000000"], "recipients"),
            ([*report_it, "--recipients", "many"], "--recipients"),
            (["select", "--send", "x", "--segments", "9"], "segments"),
        ]:
            code, _, err = self.run_command(service, *arguments)
            self.assertEqual(code, 2)
            self.assertIn(told, err)


if __name__ == "__main__":
    unittest.main()
