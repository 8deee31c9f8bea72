#!/usr/bin/python3
"""Who may include whom: reads the #include lines, nothing else.

1. A program folder includes its own headers and core/, by its layers.
2. In core/ a file includes only what stands above it in core/ORDER.
3. In service/ and tool/ a folder includes only those that stand above it in
   the ORDER there.
4. A foreign library is known by one file (or one folder).
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Which layers of core/ each folder may include; `service` takes one file more.
MAY = {
    "pam_module": {"words", "hands"},
    "agent": {"words", "hands", "reach"},
    "tool": {"words", "hands", "reach"},
    "service": {"words", "hands"},
    "nss_module": {"words", "hands"},
}
ALSO = {"service": {"json", "jsonout", "jsonscan"}}

# A foreign header, by its beginning, and who may know it.
OWNER = {
    "curl/": {"core/https"},
    "openssl/": {"core/https"},
    "security/": {"pam_module/"},
    "microhttpd.h": {"service/http/"},
    "gnutls/": {"service/http/", "service/value/crypto"},
    "sqlite3.h": {"service/store/sqlite"},
    "libpq-fe.h": {"service/store/pg"},
    "sodium.h": {"service/value/", "agent/seal"},
    "libsmartcols": {"tool/terminal/out"},
    "bsd/": {"tool/terminal/ask"},
    "systemd/": {"service/operate/notify"},
}

# Headers of C and of the kernel: everybody's.
SYSTEM = re.compile(
    r"^(assert|ctype|dirent|endian|errno|fcntl|getopt|glob|grp|inttypes|limits|locale|math"
    r"|netdb|poll|pthread|pwd|sched|signal|spawn|stdalign|stdarg|stdatomic"
    r"|stdbool|stddef|stdint|stdio|stdlib|string|strings|syslog|termios|time"
    r"|unistd|wchar)\.h$|^(sys|netinet|arpa|net|linux)/[a-z0-9_/]+\.h$")


def read_order():
    layer, order, layers = None, [], {}
    for line in (ROOT / "core/ORDER").read_text().splitlines():
        head = re.match(r"# (words|hands|reach):", line)
        if head:
            layer = head.group(1)
        name = line.split("#")[0].strip()
        if name:
            order.append(name)
            layers[name] = layer
    return order, layers


def read_rooms(program):
    """The folders of a program, in their order; main.c stands below them."""
    lines = (ROOT / program / "ORDER").read_text().splitlines()
    return [word for line in lines if (word := line.split("#")[0].strip())]


# Programs that are too many files for one folder.
ROOMS = {program: read_rooms(program) for program in ("service", "tool")}


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found.group(1) == "<", found.group(2)


def owner_of(header):
    for beginning, owners in OWNER.items():
        if header == beginning or (beginning[-1] in "/.h" or
                                   beginning == "libsmartcols") and \
                header.startswith(beginning):
            return owners
    return None


def wrong_room(path, program, room):
    """Why this file of a program may not include from that folder of it."""
    rooms = ROOMS[program]
    if room not in rooms:
        return f"'{room}' does not stand in {program}/ORDER"
    own = path.parent.name
    if own != program and rooms.index(room) > rooms.index(own):
        return f"'{room}' stands below '{own}' in {program}/ORDER"
    return None


def wrong(path, foreign, header, order, layers):
    """Why this file may not include this header, or None."""
    name = str(path.relative_to(ROOT))
    folder, stem = name.split("/")[0], path.stem
    if foreign:
        owners = owner_of(header)
        if owners:
            if any(name.startswith(owner) for owner in owners):
                return None
            return f"<{header}> belongs to {' or '.join(sorted(owners))}"
        if SYSTEM.match(header):
            return None
        return f"<{header}> is a library that nobody here owns"
    target = header.split("/")
    if folder == target[0] and folder in ROOMS and len(target) == 3:
        return wrong_room(path, folder, target[1])
    if len(target) != 2:
        return f'"{header}" is not written as folder/file.h'
    if target[0] == folder and folder != "core":
        return None
    if target[0] != "core":
        return f'"{header}" is of another program'
    noun = target[1].removesuffix(".h")
    if noun not in layers:
        return f"'{noun}' does not stand in core/ORDER"
    if folder == "core":
        if stem not in layers:
            return f"'{stem}' does not stand in core/ORDER"
        if noun != stem and order.index(noun) > order.index(stem):
            return f"'{noun}' stands below '{stem}' in core/ORDER"
        return None
    if layers[noun] in MAY[folder] or noun in ALSO.get(folder, ()):
        return None
    return f"{folder}/ may not reach for core/{noun} ({layers[noun]})"


def main():
    order, layers = read_order()
    results = []
    for folder in ["core", *MAY]:
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            faults = [
                f"{path.relative_to(ROOT)}:{line}: {why}"
                for line, foreign, header in includes(path)
                if (why := wrong(path, foreign, header, order, layers))
            ]
            results.append((path.relative_to(ROOT), faults))
    for program, rooms in ROOMS.items():
        results.append((f"{program}/ORDER has every folder", sorted(
            {path.name for path in (ROOT / program).iterdir() if path.is_dir()}
            ^ set(rooms))))
    for noun in order:
        there = (ROOT / f"core/{noun}.h").exists()
        results.append((f"core/ORDER: {noun}",
                        [] if there else [f"core/{noun}.h is not there"]))
    print(f"1..{len(results)}")
    for number, (what, faults) in enumerate(results, 1):
        print(f"{'not ok' if faults else 'ok'} {number} - {what}")
        for fault in faults:
            print(f"# {fault}")
    return any(faults for _, faults in results)


sys.exit(main())
