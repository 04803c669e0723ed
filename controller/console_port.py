"""Whether the console's port is free, found out before anything is started."""

import errno
import socket


def why_not_free(port: int, host: str = "127.0.0.1") -> str:
    """Say why nothing can listen on a port.

    Args:
        port: The port.
        host: The address or name to listen on.

    Returns:
        What the operating system has against it; empty where it is free.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # As the server itself does: connections that have just ended do not hold a port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return "is taken"
        return f"can not be had: {error.strerror or error}"
    except UnicodeError:  # a name that no host can have
        return f"can not be had: {host} is no host"
    return ""
