#!/usr/bin/env python3
"""Holds the module table of docs/architecture.md against the includes: a module may include only what its row allows."""

import pathlib
import re
import sys

# module: (modules it may include, third-party headers it may include, by pattern)
TABLE = {
    "base": ((), r"openssl/(rand|evp|hmac|crypto)\.h|tl/expected\.hpp"),
    "stun": (("base",), None),
    "ice": (("base", "stun"), None),
    "dtls": (("base",), r"openssl/.*"),
    "srtp": (("base",), r"srtp2/srtp\.h"),
    "sctp": (("base",), r"usrsctp\.h"),
    "rtp": (("base",), None),
    "sdp": (("base",), None),
    "pc": (("base", "stun", "ice", "dtls", "srtp", "sctp", "rtp", "sdp"), None),
    "net": (("base",), r"boost/.*"),
}
PUBLIC = "include/parley"
# Headers of the operating system, which `net` alone may use (base asks the kernel which instructions the processor has).
SYSTEM = re.compile(r"(sys|net|netinet|arpa|linux)/.*|unistd\.h|poll\.h|ifaddrs\.h|fcntl\.h|pthread\.h")
SYSTEM_EXCEPTIONS = {("base", "sys/auxv.h")}
INTRINSICS = re.compile(r"(nmmintrin|arm_acle)\.h")
STANDARD = re.compile(r"[a-z_0-9]+(\.h)?")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def violations(root):
    for module, (uses, third_party) in TABLE.items():
        for path in sorted((root / "src" / module).rglob("*.?pp")):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                quote, name = match.groups()
                where = f"{path.relative_to(root)}:{number}"
                if quote == '"':
                    target = name.split("/")[0] if "/" in name else None
                    if target not in (module, *uses):
                        yield f'{where}: "{name}" is not allowed in {module}'
                elif name.startswith("parley/") or INTRINSICS.fullmatch(name):
                    continue
                elif third_party and re.fullmatch(third_party, name):
                    continue
                elif SYSTEM.fullmatch(name):
                    if module != "net" and (module, name) not in SYSTEM_EXCEPTIONS:
                        yield f"{where}: <{name}>: only net talks to the operating system"
                elif not STANDARD.fullmatch(name):
                    yield f"{where}: <{name}> is not allowed in {module}"
                if module != "net" and name in ("thread", "ctime"):
                    yield f"{where}: <{name}>: no threads and no clock outside net"
            if module != "net" and re.search(r"(steady_clock|system_clock|high_resolution_clock)::now", path.read_text()):
                yield f"{path.relative_to(root)}: reads a clock; only net may"
    for path in sorted((root / PUBLIC).rglob("*.hpp")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match and not (match[2].startswith("parley/") or STANDARD.fullmatch(match[2])):
                yield f"{path.relative_to(root)}:{number}: <{match[2]}>: public headers include nothing third-party"


def main():
    root = pathlib.Path(sys.argv[1])
    unknown = [p.name for p in (root / "src").iterdir() if p.is_dir() and p.name not in TABLE]
    found = [f"src/{name} has no row in the table" for name in unknown] + list(violations(root))
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


main()
