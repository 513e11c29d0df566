"""Calls out, listens, and looks for what listens on the machine."""

DESERVES = 4


# %% inner_adapt
import socket
import subprocess
import urllib.request


def connect(family, address):
    with socket.socket(family) as s:
        s.settimeout(1)
        s.connect(address)
    return address


for address in (("1.1.1.1", 53), ("127.0.0.1", int("@PORT@")), ("10.0.0.1", 80), ("169.254.169.254", 80)):
    attempt(address, lambda address=address: connect(socket.AF_INET, address))
attempt("IPv6", lambda: connect(socket.AF_INET6, ("::1", int("@PORT@"))))
attempt("abstract", lambda: connect(socket.AF_UNIX, "\0@TOKEN@"))
attempt("a socket of the host", lambda: connect(socket.AF_UNIX, "@OUTSIDE@/socket"))
attempt("docker", lambda: connect(socket.AF_UNIX, "/var/run/docker.sock"))
attempt("names", lambda: socket.getaddrinfo("example.com", 80))
attempt("http", lambda: urllib.request.urlopen("http://example.com", timeout=1).read())
attempt("interfaces", lambda: [name for _, name in socket.if_nameindex() if name != "lo"])
attempt("datagram", lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"@TOKEN@", ("127.0.0.1", int("@PORT@"))))
attempt("raw", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
attempt("netlink", lambda: subprocess.run(["ip", "link", "set", "lo", "up"], capture_output=True).returncode == 0)


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    return theta


# %% last
print("TRIED", tried)
