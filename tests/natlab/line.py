"""A bad cable, for kernels without netem: two taps, and what is between them in user space.

Usage: line.py NAMESPACE DEVICE PORT MILLISECONDS PERCENT
DEVICE is made in the namespace, PORT in the caller's; what goes in at one comes out at the other, that much later, unless
it is lost. Prints "ready" once both are there.
"""

import collections
import ctypes
import fcntl
import os
import random
import select
import struct
import sys
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 0x0002, 0x1000, 0x40000000


def enter(path):
    libc = ctypes.CDLL(None, use_errno=True)
    with open(path) as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), path)


def tap(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return device


def main(namespace, device, port, milliseconds, percent):
    delay, loss = float(milliseconds) / 1000, float(percent) / 100
    chance = random.Random(1)
    here = tap(port)
    enter(f"/run/netns/{namespace}")
    there = tap(device)
    print("ready", flush=True)
    other = {here: there, there: here}
    waiting = collections.deque()  # (when, to, frame), in the order of their times: the delay is the same for all
    while True:
        patience = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        for source in select.select([here, there], [], [], patience)[0]:
            frame = os.read(source, 65536)
            if chance.random() >= loss:
                waiting.append((time.monotonic() + delay, other[source], frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, to, frame = waiting.popleft()
            try:
                os.write(to, frame)
            except OSError:
                pass  # the other end is not up


if __name__ == "__main__":
    main(*sys.argv[1:])
