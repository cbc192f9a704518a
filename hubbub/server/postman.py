"""Letters: handed to the operator's mail server by a thread of their own, so that none holds up the chat.

Law: what waits is bounded; a letter's text and its code are in no log, only whether it went and why not.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Final

from hubbub.edge.errands import Letter
from hubbub.server.config_sections import Mail

log = logging.getLogger("hubbub.mail")

WAITING: Final = 64
"""How many letters may wait to be sent."""
PATIENCE: Final = 20.0
"""Seconds that the mail server may take for each step."""


class Postman:
    """Sends letters one after the other. Used from one thread, its event loop's."""

    def __init__(self, settings: Mail) -> None:
        self.settings = settings
        self._thread = ThreadPoolExecutor(1, "hubbub-mail")
        self._waiting = 0

    def send(self, letter: Letter) -> bool:
        """Has a letter sent; False when too many wait. One without a recipient goes nowhere."""
        if not letter.to or not self.settings.host:
            return True
        if self._waiting >= WAITING:
            log.error("a letter wasn't sent: %d wait already", self._waiting)
            return False
        self._waiting += 1
        self._thread.submit(self._deliver, letter, self.settings)
        return True

    def _deliver(self, letter: Letter, settings: Mail) -> None:
        """In the thread."""
        try:
            deliver(letter, settings)
            log.info("a letter was sent")
        except (OSError, smtplib.SMTPException, ValueError) as error:
            log.error("a letter couldn't be sent: %s", explained(error, settings))
        except Exception as error:
            # Without its text, which may have the letter's.
            log.error("a letter couldn't be sent: %s; this is a bug", type(error).__name__)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Ends the thread once the letter is out that it is at; the others aren't sent."""
        self._thread.shutdown(cancel_futures=True)


def deliver(letter: Letter, settings: Mail) -> None:
    """Hands a letter to the mail server. Raises OSError, SMTPException or ValueError."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = settings.sender, letter.to, letter.subject
    mail["Date"] = formatdate()
    mail["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2].strip("> ") or None)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
    mail.set_content(letter.text)
    context = ssl.create_default_context()
    with _connected(settings, context) as server:
        if settings.encryption == "starttls":
            server.starttls(context=context)
        if settings.user:
            server.login(settings.user, _password(settings))
        server.send_message(mail)


def _connected(settings: Mail, context: ssl.SSLContext) -> smtplib.SMTP:
    if settings.encryption == "tls":
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=PATIENCE, context=context)
    return smtplib.SMTP(settings.host, settings.port, timeout=PATIENCE)


def _password(settings: Mail) -> str:
    lines = Path(settings.password_file).read_text(encoding="utf-8").splitlines()
    return lines[0].strip() if lines else ""


def explained(error: Exception, settings: Mail) -> str:
    """What went wrong and what to do, for the operator; nothing of the letter."""
    place = f"{settings.host}:{settings.port}"
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"{place} doesn't take user and password_file of [mail]"
        case smtplib.SMTPNotSupportedError():
            return f"{place} lacks what [mail] asks for; set encryption or user otherwise"
        case smtplib.SMTPRecipientsRefused():
            return f"{place} doesn't take mail for that address"
        case smtplib.SMTPResponseException():
            return f"{place} answered {error.smtp_code}"
        case ssl.SSLError():
            return f"TLS with {place} failed: {error.reason or error}"
        case FileNotFoundError() | PermissionError():
            return f"password_file of [mail] can't be read: {error.strerror}"
        case OSError() if not isinstance(error, smtplib.SMTPException):
            return f"{place} can't be reached: {error.strerror or error}"
        case _:
            return f"{place} broke it off ({type(error).__name__})"
