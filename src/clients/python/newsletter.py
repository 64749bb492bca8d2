#!/usr/bin/env python3
"""Write today's sample newsletter with a promo in it, then report that promo's impression.

It stands for a publisher's own newsletter script: another process, in another language than the site.
The newsletter always goes out. Whatever the promo service does, the worst is an issue without a promo,
or an impression that was not counted; both are logged, and the exit code is still 0.
"""
import argparse
import datetime
import html
import json
import logging
import os
import pathlib
import re
import secrets
import string
import sys
import textwrap
from typing import Dict, List, NamedTuple, Optional

sys.dont_write_bytecode = True  # the checkout stays as it is

from promo_tracking import Outcome, Promo, Service, add_service_options, report, select  # noqa: E402

PARTS = pathlib.Path(__file__).resolve().parent / "newsletter_parts"

log = logging.getLogger("newsletter")


def as_html(day: str, news: List[Dict[str, str]], promo: Optional[Promo]) -> str:
    def fill(template: str, values: Dict[str, str]) -> str:
        escaped = {name: html.escape(value).replace("\n", "<br>") for name, value in values.items()}
        return string.Template((PARTS / template).read_text("utf-8")).substitute(escaped)

    parts = [fill("item.html", item) for item in news]
    if promo:
        parts.insert(len(parts) // 2, fill("promo.html", {k: str(v) for k, v in promo._asdict().items()}))
    page = fill("page.html", {"day": day, "preview": news[0]["title"]})
    return page.replace("<!-- parts -->", "".join(parts))


def as_text(day: str, news: List[Dict[str, str]], promo: Optional[Promo]) -> str:
    def wrapped(text: str) -> str:
        return "\n".join(textwrap.fill(line, 72) for line in text.split("\n"))

    parts = [f"{item['topic'].upper()}\n{wrapped(item['title'])}\n\n{wrapped(item['text'])}" for item in news]
    if promo:
        offer = f"{wrapped(promo.name)}\n\n{wrapped(promo.text)}\n\n{promo.call_to_action}\n{promo.link}"
        parts.insert(len(parts) // 2, f"--- Sponsored ---\n{offer}\n-----------------")
    foot = "A sample issue, made for trying out promo tracking."
    return "\n\n\n".join([f"THE DAILY BRIEF\n{day}", *parts, foot]) + "\n"


def write_all(folder: pathlib.Path, texts: Dict[str, str]) -> None:
    """Write the files so that none is ever seen half-written; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    drafts = {name: folder / f".{name}.{secrets.token_hex(6)}" for name in texts}
    try:
        for name, draft in drafts.items():
            with open(draft, "x", encoding="utf-8", newline="\n") as file:
                file.write(texts[name])
        for name, draft in drafts.items():
            os.replace(draft, folder / name)
    finally:
        for draft in drafts.values():
            if draft.exists():
                draft.unlink()


def recipient_count(text: str) -> int:
    if not re.fullmatch("[0-9]{1,8}", text) or not 1 <= int(text) <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 10000000")
    return int(text)


def segment_count(text: str) -> int:
    if not re.fullmatch("[2-8]", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 2 to 8")
    return int(text)


def send_name(text: str) -> str:
    if not re.fullmatch("[!-~]{1,100}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 to 100 letters, digits and signs without spaces")
    return text


def newsletter_name(text: str) -> str:
    name = text.strip()
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 to 100 characters")
    return name


def day_of(text: str) -> datetime.date:
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2025-10-18")


def options_from(arguments: List[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Writes newsletter.html and newsletter.txt with a promo, then reports its impression. "
        "With --segments, writes newsletter-1.html and so on: one for each random part of the recipients, each "
        "with its own promo.",
        epilog="example: newsletter.py --out /tmp/today --recipients 10000\n\n"
        "exit code: 0 newsletter written, with or without a promo; 1 it cannot be written; 2 wrong arguments",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--out", metavar="DIR", type=pathlib.Path, required=True,
        help="folder for both files, created if missing")
    add_service_options(parser)
    add("--date", type=day_of, default=datetime.date.today(), metavar="YYYY-MM-DD",
        help="the day of the issue (default: today)")
    add("--send-id", type=send_name, metavar="NAME",
        help="name of this send; the same name gets the same promo and counts once (default: DATE-daily)")
    add("--newsletter", type=newsletter_name, metavar="NAME",
        help="which of several lists this is: each is judged by its own readers (default: the list without a name)")
    add("--recipients", type=recipient_count, required=True, metavar="N",
        help="how many people the issue goes to")
    add("--segments", type=segment_count, default=1, metavar="K",
        help="split the issue into 2 to 8 parts that show different promos, for a fast comparison")
    options = parser.parse_args(arguments)
    if options.recipients < options.segments:
        parser.error(f"{options.recipients} recipients cannot be split: --segments needs at least one for each part")
    options.send_id = options.send_id or f"{options.date.isoformat()}-daily"
    return options


class Part(NamedTuple):
    """What a random part of the recipients gets."""

    name: str
    recipients: int
    promo: Optional[Promo]


def parts_of(recipients: int, segments: int, promos: List[Promo]) -> List[Part]:
    each, left = divmod(recipients, segments)
    return [
        Part(
            "newsletter" if segments == 1 else f"newsletter-{index + 1}",
            each + (1 if index < left else 0),
            promos[index % len(promos)] if promos else None,
        )
        for index in range(segments)
    ]


def main(arguments: List[str]) -> int:
    logging.basicConfig(level=logging.INFO, datefmt="%H:%M:%S",
                        format="%(asctime)s %(levelname)-7s %(message)s")
    options = options_from(arguments)
    service = Service(options.api, options.token)
    newsletter = options.newsletter or ""
    selection = select(service, options.send_id, segments=options.segments, newsletter=newsletter)
    promos = selection.promos
    if not promos:
        log.warning("no promo in this issue: %s", selection.reason)
    parts = parts_of(options.recipients, options.segments, promos)
    news = json.loads((PARTS / "news.json").read_text("utf-8"))
    day = f"{options.date:%A}, {options.date.day} {options.date:%B %Y}"
    texts = {}
    for part in parts:
        texts[f"{part.name}.html"] = as_html(day, news, part.promo)
        texts[f"{part.name}.txt"] = as_text(day, news, part.promo)
    try:
        write_all(options.out, texts)
    except OSError as fault:
        log.error("cannot write the newsletter to %s: %s", options.out, fault.strerror or fault)
        return 1
    for part in parts:
        choice = "without a promo"
        if part.promo:
            choice = f"with the promo '{part.promo.name}' (variation {part.promo.variation_id})"
        log.info("%s written to %s, for recipients: %d, %s", part.name, options.out, part.recipients, choice)
    for promo in promos:
        # With fewer promos than parts, some parts have the same: a send reports a variation once.
        recipients = sum(part.recipients for part in parts if part.promo is promo)
        tell_reported(
            report(
                service, offer_id=promo.offer_id, variation_id=promo.variation_id, send_id=options.send_id,
                recipients=recipients, newsletter=newsletter,
            ),
            promo,
            recipients,
        )
    return 0


def tell_reported(outcome: Outcome, promo: Promo, recipients: int) -> None:
    if outcome.state == "recorded":
        log.info("impression of variation %d reported, recipients: %d", promo.variation_id, recipients)
    elif outcome.state == "kept":
        log.info("impression kept by the service, which will count it later; not sent again")
    elif outcome.state == "refused":
        log.warning("impression not counted: %s", outcome.reason)
    else:
        log.warning("impression not reported: %s; sending the same again is safe", outcome.reason)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
