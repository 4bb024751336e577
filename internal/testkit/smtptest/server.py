"""A mail server for one test: aiosmtpd, which answers some recipients with a refusal.

Takes its settings as JSON in argv[1]; says {"port": n} and then each mail that it took,
one JSON object a line. Ends with its standard input.
"""
import asyncio
import base64
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

settings = json.loads(sys.argv[1])
put_off = set()


def say(what):
    print(json.dumps(what), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.partition("@")[0]
        if name == "nobody":
            return "550 5.1.1 No such user here"
        if name == "later" and address not in put_off:
            put_off.add(address)
            return "451 4.7.1 Greylisted, come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if envelope.rcpt_tos[0].startswith("strict@"):
            return "554 5.6.0 This looks like spam"
        say({
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None or settings["mode"] == "implicit",
            "user": (session.auth_data or b"").decode() if session.authenticated else "", "hello": session.host_name,
            "data": base64.b64encode(envelope.original_content).decode(),
        })
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    right = data.login.decode() == settings["user"] and data.password.decode() == settings["password"]
    return AuthResult(success=right, auth_data=data.login, handled=right)


async def main():
    mode, context = settings["mode"], None
    if mode != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings["cert"], settings["key"])

    def new():
        return SMTP(
            Handler(), hostname="mail.test", tls_context=context if mode == "starttls" else None, require_starttls=mode == "starttls",
            authenticator=authenticate if settings["user"] else None, auth_required=bool(settings["user"]), auth_require_tls=mode == "starttls",
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(new, "127.0.0.1", 0, ssl=context if mode == "implicit" else None)
    say({"port": server.sockets[0].getsockname()[1]})
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
