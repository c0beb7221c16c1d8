"""A mail server that takes every mail and delivers none."""

from __future__ import annotations

import socketserver
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType


class FakeSmtp:
    """mails: what was sent, in order. refuse: answer every recipient with 550."""

    def __init__(self, *, refuse: bool = False) -> None:
        self.mails: list[EmailMessage] = []
        self.refuse = refuse
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]

    def _handler(self) -> type[socketserver.StreamRequestHandler]:
        fake = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self._say("220 fake")
                while line := self.rfile.readline():
                    word = line.split()[0].upper() if line.split() else b""
                    if word == b"DATA":
                        self._say("354 go on")
                        fake.mails.append(self._mail())
                    if word == b"RCPT" and fake.refuse:
                        self._say("550 nobody of that name; the password is hunter2")
                    else:
                        self._say("221 bye" if word == b"QUIT" else "250 ok")

            def _mail(self) -> EmailMessage:
                lines = iter(self.rfile.readline, b".\r\n")
                raw = b"".join(line.removeprefix(b".") for line in lines)
                return message_from_bytes(raw, policy=policy.default)

            def _say(self, line: str) -> None:
                self.wfile.write(f"{line}\r\n".encode())

        return Handler

    def __enter__(self) -> FakeSmtp:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def connection(self) -> dict[str, object]:
        """As an Airflow connection of type `smtp`."""
        extra = {"from_email": "airflow@example.com", "disable_tls": True, "disable_ssl": True, "timeout": 10}
        return {"conn_type": "smtp", "host": "127.0.0.1", "port": self.port, "extra": extra}


def text_of(mail: EmailMessage) -> str:
    """All that a reader sees of it."""
    parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    return "\n".join([str(mail["subject"]), *parts])
