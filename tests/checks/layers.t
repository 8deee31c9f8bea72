#!/usr/bin/python3
"""Who may include whom: reads the #include lines, nothing else.

1. A program folder includes its own headers and core/, by its layers.
2. In core/, pam_module/ and agent/ a file includes only what stands above it in
   the ORDER there.
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
    "libsmartcols": {"tool/terminal/table"},
    "bsd/": {"tool/terminal/ask"},
    "libintl.h": {"tool/terminal/language"},
    "systemd/": {"service/operate/notify"},
}

# Headers of C and of the kernel: everybody's.
SYSTEM = re.compile(
    r"^(assert|ctype|dirent|endian|errno|fcntl|getopt|glob|grp|inttypes|langinfo|limits|locale|math"
    r"|netdb|poll|pthread|pwd|sched|signal|spawn|stdalign|stdarg|stdatomic"
    r"|stdbool|stddef|stdint|stdio|stdlib|string|strings|syslog|termios|time"
    r"|unistd|wchar)\.h$|^(sys|netinet|arpa|net|linux)/[a-z0-9_/]+\.h$")


def read_order(folder):
    """Files, or folders, in their order."""
    lines = (ROOT / folder / "ORDER").read_text().splitlines()
    return [word for line in lines if (word := line.split("#")[0].strip())]


def read_layers():
    """The layer of each file in core/."""
    layer, layers = None, {}
    for line in (ROOT / "core/ORDER").read_text().splitlines():
        head = re.match(r"# (words|hands|reach):", line)
        if head:
            layer = head.group(1)
        name = line.split("#")[0].strip()
        if name:
            layers[name] = layer
    return layers


LAYERS = read_layers()
# Folders of files, and programs that are too many files for one folder; in
# those main.c stands below all.
FILES = {top: read_order(top) for top in ("core", "pam_module", "agent")}
ROOMS = {top: read_order(top) for top in ("service", "tool")}


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


def wrong_file(folder, stem, noun):
    """Why one file of a folder may not include the other's header."""
    order = FILES[folder]
    for name in (noun, stem):
        if name not in order:
            return f"'{name}' does not stand in {folder}/ORDER"
    if noun != stem and order.index(noun) > order.index(stem):
        return f"'{noun}' stands below '{stem}' in {folder}/ORDER"
    return None


def wrong(path, foreign, header):
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
    if len(target) != 2 or folder == target[0] in ROOMS:
        return f'"{header}" is not written as folder/file.h'
    noun = target[1].removesuffix(".h")
    if target[0] == folder:
        return wrong_file(folder, stem, noun)
    if target[0] != "core":
        return f'"{header}" is of another program'
    if noun not in LAYERS:
        return f"'{noun}' does not stand in core/ORDER"
    if LAYERS[noun] in MAY[folder] or noun in ALSO.get(folder, ()):
        return None
    return f"{folder}/ may not reach for core/{noun} ({LAYERS[noun]})"


def main():
    results = []
    for folder in ["core", *MAY]:
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            faults = [
                f"{path.relative_to(ROOT)}:{line}: {why}"
                for line, foreign, header in includes(path)
                if (why := wrong(path, foreign, header))
            ]
            results.append((path.relative_to(ROOT), faults))
    for program, rooms in ROOMS.items():
        results.append((f"{program}/ORDER has every folder", sorted(
            {path.name for path in (ROOT / program).iterdir() if path.is_dir()}
            ^ set(rooms))))
    for top, order in FILES.items():
        results.append((f"{top}/ORDER has every file", sorted(
            {path.stem for path in (ROOT / top).glob("*.[ch]")} ^ set(order))))
    print(f"1..{len(results)}")
    for number, (what, faults) in enumerate(results, 1):
        print(f"{'not ok' if faults else 'ok'} {number} - {what}")
        for fault in faults:
            print(f"# {fault}")
    return any(faults for _, faults in results)


sys.exit(main())
