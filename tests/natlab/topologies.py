"""Who is where, and what must be found. A topology builds its nodes and names the two hosts that the peers run on."""

import network
from network import Node, TCP_443_ONLY, UDP_BLOCKED, nat_rules, firewall_rules

PORT_RESTRICTED = {}
FULL_CONE = {"filtering": "endpoint-independent"}
ADDRESS_RESTRICTED = {"filtering": "address-dependent"}
SYMMETRIC = {"mapping": "address-and-port-dependent"}


class Site:
    """The nodes of topology number `number`. What its methods return is a host, ready to run a peer."""

    def __init__(self, number):
        self.number = number
        self.nodes = []
        self.addresses = 0

    async def node(self, name):
        node = Node(f"{self.number}-{name}")
        self.nodes.append(node)  # before it starts, so that half of one goes too
        return await node.start()

    async def stop(self):
        for node in self.nodes:
            await node.stop()

    def public(self):
        self.addresses += 1
        return f"198.18.{self.number}.{self.addresses}"

    def public6(self):
        return f"2001:db8::{self.number}:{self.addresses}"

    async def public_host(self, name, families="4", rules="", line=None):
        host = await self.node(name)
        address, address6 = f"{self.public()}/16", f"{self.public6()}/64"
        addresses = ([address] if "4" in families else []) + ([address6] if "6" in families else [])
        await host.plug("eth0", addresses, routes=[network.IPV6] if "6" in families else [], line=line)
        if rules:
            await host.nft(rules)
        return host

    async def router(self, name, families="4", behind=None, **nat):
        """A router on the Internet, or in the network of another one (`behind`: the customer of a carrier)."""
        router = await self.node(name)
        router.lans = 0
        await router.forward()
        address, address6 = self.public(), self.public6()
        if behind:
            address = await self._cable(router, behind, "wan", "100.64")
        else:
            addresses = ([f"{address}/16"] if "4" in families else []) + ([f"{address6}/64"] if "6" in families else [])
            await router.plug("wan", addresses, routes=[network.IPV6] if "6" in families else [])
        router.families, router.address6 = families, address6
        await router.nft(nat_rules(public=address, **nat) if "4" in families else firewall_rules())
        return router

    async def host(self, name, router):
        """A host in a network of its own behind the router."""
        host = await self.node(name)
        await self._cable(host, router, "eth0", "192.168")
        return host

    async def another_network(self, host, router):
        """A second interface of the host, eth1, in a network behind the router; without a route."""
        await self._cable(host, router, "eth1", "172.16", routed=False)

    async def _cable(self, node, router, device, prefix, routed=True):
        router.lans += 1
        lan = router.lans
        device_there = f"lan{lan}"
        here, there, routes = [], [], []
        families = getattr(router, "families", "4")
        if "4" in families:
            here, there, routes = [f"{prefix}.{lan}.2/24"], [f"{prefix}.{lan}.1/24"], [f"{prefix}.{lan}.1"]
        if "6" in families:
            home = f"2001:db8:{self.number}:{len(self.nodes):x}:"
            here, there, routes = here + [f"{home}:2/64"], there + [f"{home}:1/64"], routes + [f"{home}:1"]
            await network.ip(f"route add {home}:/64 via {router.address6}")
        await node.plug(device, here, router, device_there, there, routes if routed else ())
        return f"{prefix}.{lan}.2"

    async def home(self, side, families="4", **nat):
        """A host behind a NAT of its own."""
        return await self.host(side, await self.router(f"nat-{side}", families, **nat))


def homes(left, right):
    """Each behind a NAT of its own, with these properties."""
    async def build(site):
        return await site.home("a", **left), await site.home("b", **right)
    return build


def public_and_home(**nat):
    async def build(site):
        return await site.public_host("a"), await site.home("b", **nat)
    return build


async def both_public(site):
    return await site.public_host("a"), await site.public_host("b")


def same_router(**nat):
    async def build(site):
        router = await site.router("nat", **nat)
        return await site.host("a", router), await site.host("b", router)
    return build


async def carrier(site):
    outer = await site.router("carrier")
    inner = await site.router("nat-a", behind=outer)
    return await site.host("a", inner), await site.home("b")


async def same_lan(site):
    """A NAT that nothing has to go through: both hosts, and the router, on one wire."""
    router = await site.router("nat")
    hosts = [await site.node(side) for side in "ab"]
    await network.ip(f"link add lan {network.BRIDGE_OPTIONS}\nlink set lan up\naddress add 192.168.1.1/24 dev lan",
                     router.name)
    for number, host in enumerate(hosts, 2):
        await host.plug("eth0", [f"192.168.1.{number}/24"], router, f"port{number}", (), ["192.168.1.1"])
        await network.ip(f"link set port{number} master lan", router.name)
    return hosts


def bad_line(milliseconds, percent):
    async def build(site):
        return await site.public_host("a", line=(milliseconds, percent)), await site.home("b", **SYMMETRIC)
    return build


# Slow enough that the file is still on its way when its sender moves.
SLOW = {"rate": 1000}


async def two_networks(site):
    """A public host, and one in two networks: eth0 at home, eth1 elsewhere."""
    host = await site.home("b", **SLOW)
    await site.another_network(host, await site.router("nat-elsewhere", **SLOW))
    await network.ip("route add default via 172.16.1.1 metric 2000", host.name)
    return await site.public_host("a"), host


async def one_network(site):
    """The same, but eth1 is not up yet."""
    hosts = await two_networks(site)
    await network.ip("link set eth1 down", hosts[1].name)
    return hosts


async def leaves_home(hosts):
    await network.ip("link set eth0 down", hosts["b"].name)


async def moves_elsewhere(hosts):
    await network.ip("link set eth0 down\nlink set eth1 up\nroute add default via 172.16.1.1", hosts["b"].name)


def same_carrier(hairpin):
    async def build(site):
        outer = await site.router("carrier", hairpin=hairpin, isolates=True, **FULL_CONE)
        return (await site.host("a", await site.router("nat-a", behind=outer)),
                await site.host("b", await site.router("nat-b", behind=outer)))
    return build


async def ipv6_firewalls(site):
    return await site.home("a", "6"), await site.home("b", "6")


async def ipv6_and_ipv4(site):
    return await site.home("a", "6"), await site.home("b", "4")


async def dual_stack(site):
    return await site.home("a", "46", **SYMMETRIC), await site.home("b", "46", **SYMMETRIC)


PORTS = "40000-40009"


async def only_some_ports(site):
    """A server whose firewall leaves ten UDP ports open, and does not remember what went out."""
    server = await site.public_host("a", rules=f"""
      table inet firewall {{
        chain own {{
          type filter hook input priority filter; policy drop;
          iifname "lo" accept
          meta l4proto tcp ct state established accept
          udp dport {{ {PORTS} }} accept
          udp sport 3478 accept
        }}
      }}""")
    return server, await site.home("b", **SYMMETRIC)


# --- The table ---

# From best to worst. What is found must not be worse than what is expected.
KINDS = ["direct udp", "direct tcp", "relay udp", "relay tcp", "relay tls", "none"]

SERVER = "turn.natlab.test"
STUN = f"stun:{SERVER}"
TURN_UDP, TURN_TCP = f"turn:{SERVER}", f"turn:{SERVER}?transport=tcp"
TURN_TLS = f"turns:{SERVER}:443?transport=tcp"
# Nobody is there: packets to it vanish. Nor does the other one have a certificate that we trust.
DEAD = "198.18.255.254"
STRANGER = "stranger.natlab.test"


class Cell:
    """`servers`: the URLs for both peers. `a`, `b`: more options of one; b sends the file. `exactly`: better is wrong too.
    `during`: what happens while the file is on its way. `trusts`: how the peers know the authority of the TURN server's
    certificate: by the system's trust store, by an option, or not at all."""

    def __init__(self, name, build, expected, servers=(STUN, TURN_UDP, TURN_TCP, TURN_TLS), options=(), a=(), b=(),
                 exactly=False, during=None, trusts="system"):
        self.name, self.build, self.expected, self.exactly, self.during = name, build, expected, exactly, during
        self.trusts = trusts
        self.servers, self.options, self.a, self.b = servers, list(options), list(a), list(b)

    def accepts(self, found):
        if self.exactly:
            return found == self.expected
        return KINDS.index(found) <= KINDS.index(self.expected)


CELLS = [
    Cell("both have public addresses", both_public, "direct udp"),
    Cell("public, and behind a port-restricted NAT", public_and_home(), "direct udp"),
    Cell("public, and behind a symmetric NAT", public_and_home(**SYMMETRIC), "direct udp"),
    Cell("full cone and symmetric NAT", homes(FULL_CONE, SYMMETRIC), "direct udp"),
    Cell("address-restricted and symmetric NAT", homes(ADDRESS_RESTRICTED, SYMMETRIC), "direct udp"),
    Cell("two port-restricted NATs", homes(PORT_RESTRICTED, PORT_RESTRICTED), "direct udp"),
    Cell("port-restricted and symmetric NAT", homes(PORT_RESTRICTED, SYMMETRIC), "relay udp"),
    Cell("two symmetric NATs", homes(SYMMETRIC, SYMMETRIC), "relay udp"),
    Cell("behind the same NAT", same_router(), "direct udp"),
    Cell("the same NAT keeps them apart, but hairpins", same_router(isolates=True, hairpin=True), "direct udp"),
    Cell("the same NAT keeps them apart", same_router(isolates=True), "relay udp"),
    Cell("a NAT behind a carrier's NAT", carrier, "direct udp"),
    Cell("NATs behind the same carrier's, which hairpins", same_carrier(True), "direct udp"),
    Cell("NATs behind the same carrier's, which does not", same_carrier(False), "relay udp"),
    Cell("no UDP, and a public address", public_and_home(allows=UDP_BLOCKED), "direct tcp"),
    Cell("no UDP, and a port-restricted NAT", homes({"allows": UDP_BLOCKED}, PORT_RESTRICTED), "relay tcp"),
    Cell("no UDP on either side", homes({"allows": UDP_BLOCKED}, {"allows": UDP_BLOCKED}), "relay tcp"),
    Cell("nothing but TCP to port 443", homes({"allows": TCP_443_ONLY}, PORT_RESTRICTED), "relay tls"),
    Cell("nothing but TCP to port 443 on either side", homes({"allows": TCP_443_ONLY}, {"allows": TCP_443_ONLY}), "relay tls"),
    Cell("two IPv6 firewalls", ipv6_firewalls, "direct udp"),
    Cell("only IPv6, and only IPv4", ipv6_and_ipv4, "relay udp"),
    Cell("IPv6, and symmetric NATs for IPv4", dual_stack, "direct udp"),
    Cell("a firewall with some open ports", only_some_ports, "direct udp", a=["--port-range", PORTS]),
    Cell("ICE lite, and a symmetric NAT", public_and_home(**SYMMETRIC), "direct udp", servers=(STUN,), a=["--lite"]),
    Cell("in one network, with hidden addresses", same_lan, "direct udp", servers=(), options=["--hide-addresses"]),
    Cell("TCP only, and a public address", public_and_home(), "direct tcp", options=["--tcp-only"], exactly=True),
    Cell("TCP only, two port-restricted NATs", homes(PORT_RESTRICTED, PORT_RESTRICTED), "relay tcp",
         options=["--tcp-only"]),
    Cell("a line of 40 ms that loses 2 %", bad_line(40, 2), "direct udp"),
    Cell("one of two networks goes", two_networks, "direct udp", during=leaves_home),
    Cell("the host moves to another network", one_network, "direct udp", during=moves_elsewhere),
    Cell("dead servers beside a live one", homes(SYMMETRIC, SYMMETRIC), "relay udp",
         servers=(f"stun:{DEAD}", f"turn:{DEAD}", f"turn:{DEAD}?transport=tcp", f"turns:{DEAD}", TURN_UDP)),
    Cell("a TURN server, but no STUN server", homes(PORT_RESTRICTED, PORT_RESTRICTED), "direct udp", servers=(TURN_UDP,)),
    Cell("relay only, UDP", homes(PORT_RESTRICTED, PORT_RESTRICTED), "relay udp", [TURN_UDP], ["--relay-only"], exactly=True),
    Cell("relay only, TCP", homes(PORT_RESTRICTED, PORT_RESTRICTED), "relay tcp", [TURN_TCP], ["--relay-only"], exactly=True),
    Cell("relay only, TLS", homes(PORT_RESTRICTED, PORT_RESTRICTED), "relay tls", [TURN_TLS], ["--relay-only"], exactly=True),
    Cell("relay only, TLS, an authority of our own", homes(SYMMETRIC, SYMMETRIC), "relay tls", [TURN_TLS], ["--relay-only"],
         exactly=True, trusts="option"),
    Cell("TLS, the certificate has another name", homes(SYMMETRIC, SYMMETRIC), "none",
         [f"turns:{STRANGER}:443?transport=tcp"], exactly=True),
    Cell("TLS, nobody knows the authority", homes(SYMMETRIC, SYMMETRIC), "none", [TURN_TLS], exactly=True, trusts="nobody"),
]
