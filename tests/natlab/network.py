"""The laboratory's Internet: namespaces, cables, routers with nftables NATs. Needs to run in a network and a mount
namespace of its own (see run), which is the Internet itself: a bridge that everything public is plugged into.

    198.18.0.0/16, 2001:db8::/64      the Internet; 198.18.0.1 and 2001:db8::1 are the bridge
    198.18.N.x                        the public addresses of topology N
    2001:db8:N:x::/64                 the IPv6 prefixes of its homes
    100.64.x.0/24                     between a carrier's NAT and its customers
    192.168.1.0/24                    every home: that two peers have the same private address is the usual case
"""

import asyncio
import pathlib
import sys

BRIDGE = "internet"
IPV4, IPV6 = "198.18.0.1", "2001:db8::1"
# A bridge has the lowest address of its ports, unless it was given one: each cable that comes or goes could change it,
# and who knows the old one talks to nobody for as long as neighbour discovery takes to doubt it.
BRIDGE_OPTIONS = "address 02:00:00:00:00:01 type bridge"


class CommandFailed(Exception):
    pass


async def command(*arguments, stdin=""):
    process = await asyncio.create_subprocess_exec(*arguments, stdin=asyncio.subprocess.PIPE,
                                                   stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    output, _ = await process.communicate(stdin.encode())
    if process.returncode != 0:
        raise CommandFailed(f"{' '.join(arguments)}: {output.decode().strip()}\n{stdin}")
    return output.decode()


async def ip(text, namespace=None):
    """Commands of ip(8), one a line."""
    await command("ip", *(["-netns", namespace] if namespace else []), "-batch", "-", stdin=text)


async def make_internet():
    # Without duplicate address detection an IPv6 address is usable at once.
    pathlib.Path("/proc/sys/net/ipv6/conf/default/accept_dad").write_text("0")
    pathlib.Path("/proc/sys/net/ipv6/conf/all/forwarding").write_text("1")
    await ip(f"""link set lo up
                 link add {BRIDGE} {BRIDGE_OPTIONS}
                 link set {BRIDGE} up
                 address add {IPV4}/16 dev {BRIDGE}
                 address add {IPV6}/64 dev {BRIDGE} nodad""")


class Node:
    """A namespace: a host or a router."""

    def __init__(self, name):
        self.name = name
        self.processes = []

    async def start(self):
        await command("ip", "netns", "add", self.name)
        await self.run("sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad")
        await ip("link set lo up", self.name)
        return self

    async def run(self, *arguments, stdin=""):
        return await command("ip", "netns", "exec", self.name, *arguments, stdin=stdin)

    async def stop(self):
        for process in self.processes:
            if process.returncode is None:
                process.kill()
            await process.wait()
        await command("ip", "netns", "delete", self.name)

    async def plug(self, device, addresses, other=None, other_device=None, other_addresses=(), routes=(), line=None):
        """A cable from here to a node, or to the Internet. It gets its addresses; the default routes go by `routes`.
        `line`: (milliseconds, percent) that a cable to the Internet takes and loses, each way."""
        if other:
            await ip(f"link add {device} type veth peer name {other_device} netns {other.name}", self.name)
            await self._configure(other.name, other_device, other_addresses)
        else:
            # Named after the place of this end in the whole laboratory, where names of devices have 15 characters.
            port = f"p{abs(hash((self.name, device))) % 10**12:x}"
            if line:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, str(pathlib.Path(__file__).with_name("line.py")), self.name, device, port,
                    *map(str, line), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
                self.processes.append(process)
                if not await process.stdout.readline():
                    raise CommandFailed(f"line.py: {(await process.stderr.read()).decode().strip().splitlines()[-1]}")
            else:
                await ip(f"link add {port} type veth peer name {device} netns {self.name}")
            await ip(f"link set {port} master {BRIDGE} up")
        await self._configure(self.name, device, addresses)
        if routes:
            await ip("\n".join(f"route add default via {gateway}" for gateway in routes), self.name)

    @staticmethod
    async def _configure(namespace, device, addresses):
        # A host has no link-local address: it is in the families that it was given. (A router solicits neighbours by it.)
        lines = [f"link set {device} addrgenmode none"] if device == "eth0" else []
        lines.append(f"link set {device} up")
        lines += [f"address add {address} dev {device}{' nodad' if ':' in address else ''}" for address in addresses]
        await ip("\n".join(lines), namespace)

    async def nft(self, rules):
        await self.run("nft", "-f", "-", stdin=rules)

    async def forward(self):
        await self.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward; "
                                   "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding")


# --- What a router lets through ---

# RFC 4787's words. Linux maps a port to itself if it can, whatever the destination: a mapping that depends on nothing.
# With fully-random each destination gets a port of its own. Its filter always asks for address and port; to be more
# open, a router here remembers who has which port, and lets in what the filter asked for has.
FILTERING = {
    "endpoint-independent": "udp dport @mapped",
    "address-dependent": "ip saddr . udp dport @contacted",
    "address-and-port-dependent": None,
}


def nat_rules(*, mapping="endpoint-independent", filtering="address-and-port-dependent", hairpin=False, isolates=False,
              allows=(), rate=None, public=None):
    """The rules of a router between "wan" and "lan…". `allows`: what may go out, everything if empty. `isolates`: its
    networks do not reach each other. `hairpin`: but they do by the router's public address. `rate`: kilobytes per second."""
    random = " random,fully-random" if mapping == "address-and-port-dependent" else ""
    admitted = FILTERING[filtering]
    limit = f'limit rate over {rate} kbytes/second burst 100 kbytes drop' if rate else ""
    outward = "\n".join(f'iifname "lan*" oifname "wan" {what} accept' for what in (allows or [""]))
    return f"""
      table ip nat {{
        map mapped {{ type inet_service : ipv4_addr; flags dynamic,timeout; timeout 2m; }}
        set contacted {{ type ipv4_addr . inet_service; flags dynamic,timeout; timeout 2m; }}
        chain remember {{
          type filter hook forward priority mangle;
          iifname "lan*" oifname "wan" meta l4proto udp update @mapped {{ udp sport : ip saddr }}
          iifname "lan*" oifname "wan" meta l4proto udp update @contacted {{ ip daddr . udp sport }}
        }}
        chain inward {{
          type nat hook prerouting priority dstnat;
          {f'iifname "wan" {admitted} dnat to udp dport map @mapped' if admitted else ''}
          {f'iifname "lan*" ip daddr {public} meta l4proto udp dnat to udp dport map @mapped' if hairpin else ''}
        }}
        chain outward {{
          type nat hook postrouting priority srcnat;
          oifname "wan" masquerade{random}
          {f'oifname "lan*" ct status dnat iifname "lan*" snat to {public}' if hairpin else ''}
        }}
      }}
      {firewall_rules(outward, isolates, limit)}"""


def firewall_rules(outward='iifname "lan*" oifname "wan" accept', isolates=False, limit=""):
    """Lets out what `outward` accepts, and in what belongs to it. What is dropped leaves no trace in the connection
    tracking; a router that answered instead would give up the port that the home is about to use."""
    return f"""
      table inet firewall {{
        chain transit {{
          type filter hook forward priority filter; policy drop;
          {limit}
          ct state established,related accept
          ct status dnat accept
          {'' if isolates else 'iifname "lan*" oifname "lan*" accept'}
          {outward}
        }}
        chain own {{
          type filter hook input priority filter; policy drop;
          ct state established,related accept
          iifname "lan*" meta l4proto {{ icmp, icmpv6 }} accept
          meta l4proto icmpv6 accept
        }}
      }}"""


UDP_BLOCKED = ("meta l4proto tcp",)
TCP_443_ONLY = ("tcp dport 443",)
