"""Python runs this first (it is on PYTHONPATH): *.localhost means loopback, as
in browsers (RFC 6761 section 6.3), which the C library does not know."""
import socket

_getaddrinfo = socket.getaddrinfo


def _with_localhost(host, *args, **kwargs):
    if isinstance(host, str) and host.endswith(".localhost"):
        host = "127.0.0.1"
    return _getaddrinfo(host, *args, **kwargs)


socket.getaddrinfo = _with_localhost
