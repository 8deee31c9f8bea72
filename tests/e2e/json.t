#!/usr/bin/python3 -B
"""docs/JSON.md: every command that takes --json prints the members that the
page has, with their types, and no others."""

import json
import os
import re
import sys

os.environ["UK_AGENT"] = "listen"  # for 'agent status'
import world
from world import KEY, LAB, UK, ok, run, same, ssh, tool

world.enter(__file__)
PAGE = (world.ROOT / "docs/JSON.md").read_text()
TYPES = {"text": str, "number": int, "true or false": bool, "null": type(None),
         "array": list, "object": dict}


class Shape:
    """One section of the page."""

    def __init__(self, text):
        self.array = text.startswith("\nAn array")
        self.types, self.always = {}, set()
        for row in re.findall(r"^\| (`.*) \| (.*) \| (.*) \|$", text, re.M):
            for name in re.findall(r"`([^`]+)`", row[0]):
                self.types[name] = tuple(
                    TYPES[word] for word in re.split(", or ", row[1]))
                if "*always*" in row[2]:
                    self.always.add(name)


shapes = {}
for part in re.split(r"(?m)^### ", PAGE)[1:]:
    head, _, text = part.partition("\n")
    for name in re.findall(r"`userkey ([a-z -]+)`", head):
        shapes[name] = Shape(text)


def faults(value, shape, under=""):
    """What is not as the page has it, for one object and those in it."""
    wrong, known = [], {
        name[len(under):] for name in shape.types
        if name.startswith(under) and not re.search(r"[.\[]",
                                                    name[len(under):])}
    if not isinstance(value, dict):
        return [f"{under or 'the whole'} is no object: {value!r}"]
    for name, member in value.items():
        full = under + name
        if name not in known:
            wrong.append(f"'{full}' is not on the page")
        elif type(member) not in shape.types[full]:
            wrong.append(f"'{full}' is {member!r}")
        if isinstance(member, dict):
            wrong += faults(member, shape, full + ".")
        if isinstance(member, list):
            for one in member:
                if isinstance(one, dict):
                    wrong += faults(one, shape, full + "[].")
                elif not isinstance(one, str):
                    wrong.append(f"'{full}' has {one!r}")
    return wrong + [f"'{under}{name}' is missing" for name in sorted(known)
                    if under + name in shape.always and name not in value]


tried, members = set(), {}


def names_in(value, under=""):
    for name, member in value.items():
        yield under + name
        for one in [member] if isinstance(member, dict) else \
                member if isinstance(member, list) else []:
            if isinstance(one, dict):
                yield from names_in(one, under + name + (
                    "." if isinstance(member, dict) else "[]."))


def try_it(name, *argv, text="", status=0, came=None):
    """Run it, and compare.  Returns what it printed."""
    came = came or tool(*name.split(), *argv, "--json", text=text)
    tried.add(name)
    try:
        got = json.loads(came.out)
    except ValueError:
        ok(False, f"{name}: JSON", came)
        return {}
    shape = shapes.get(name, Shape(""))
    things = got if shape.array else [got]
    wrong = [] if isinstance(got, list) == shape.array else ["array or object"]
    for thing in things if not wrong else []:
        wrong += faults(thing, shape)
        members.setdefault(name, set()).update(names_in(thing))
    if came.status != status or not things:
        wrong.append(f"{came}")
    ok(not wrong and came.out.count("\n") == 1, f"{name} {' '.join(argv)}",
       *wrong)
    return got


ADMIN = str(LAB / "admin.conf")
pair = run([UK["UK_BIN"] + "/userkey-server", "admin-key", "create", "ops",
            "--config", UK["UK_SERVER_CONF"]])
with open(ADMIN, "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
    file.write(f"url = {UK['UK_URL']}\napp_id = {UK['UK_APP']}\n"
               f"ca_file = {UK['UK_CA']}\n{pair.out}")
BY = ("--admin-file", ADMIN)
PASSWORD = "a long word for json"

try_it("whoami")
made = try_it("create", "one", "--expires", "9d")
try_it("create", "two", "--out", str(LAB / "two.key"))
try_it("list")
try_it("show", "one")
try_it("disable", "one", "two")
try_it("list")
try_it("show", "one")
try_it("enable", "one", "nobody", status=3)
try_it("expire", "one", "--expires", "never")
try_it("rotate", "one")
try_it("prune", "--older-than", "0s", "--dry-run")
try_it("prune", "--older-than", "0s", "--yes")
try_it("delete", "one-2", "--yes")
try_it("user add", "zoe@example.com", "--password-stdin", *BY,
       text=PASSWORD + "\n")
try_it("user list", *BY)
try_it("user show", "zoe@example.com", *BY)
for verb in ("disable", "enable", "logout", "confirm"):
    try_it(f"user {verb}", "zoe@example.com", *BY)
try_it("user reset-token", "zoe@example.com", *BY)
try_it("user delete", "zoe@example.com", "nobody@example.com", "--yes", *BY,
       status=3)
try_it("server-key create", "robot", *BY)
for verb in ("list",):
    try_it(f"server-key {verb}", *BY)
for verb, more in (("show", ()), ("disable", ()), ("enable", ()),
                   ("expire", ("--expires", "9d")), ("delete", ("--yes",))):
    try_it(f"server-key {verb}", "robot", *more, *BY)
try_it("check", "alice", text=KEY + "\n")
try_it("check", "bob", text=KEY + "\n", status=5)
try_it("explain", "alice")
try_it("explain", "root", status=5)
try_it("explain", "alice", "--with-key", text=KEY + "\n")
try_it("doctor")
ssh("alice", KEY)
try_it("agent status")
# /var/lib is the machine's: what would be kept there stays in the lab.
os.mkdir(LAB / "world/varlib")
run(["mount", "--bind", str(LAB / "world/varlib"), "/var/lib"])
os.unlink("/etc/pam.d/sudo-i")
(world.pathlib.Path("/etc/pam.d/sudo-i")).write_text(
    "@include common-auth\n@include common-account\n")
try_it("enable-login", "--service", "sudo-i", "--try", "1h")
try_it("disable-login")
try_it("enable-login", "--service", "sudo-i")
try_it("confirm-login")
try_it("disable-login")
run(["umount", "/var/lib"])
back = try_it("login", "--url", UK["UK_URL"], "--app", UK["UK_APP"],
              "--ca-file", UK["UK_CA"], "--email", UK["UK_EMAIL"],
              "--password-stdin", text=UK["UK_PASSWORD"] + "\n")
try_it("logout")

# --- the page and the table of commands
source = (world.ROOT / "tool/main.c").read_text()
with_json = {name for name, rest in re.findall(
    r'\{"([a-z-]+)",(.*?)uk_cmd_\w+\}', source, re.S) if "UK_ARG_JSON" in rest}
same(with_json - {name.split()[0] for name in tried}, set(),
     "every command with --json was run")
same(tried ^ set(shapes), set(), "the page has each of them, and no others")
unseen = sorted(f"{name}: {member}" for name in shapes
                for member in shapes[name].always - members.get(name, set())
                if "[]" not in member)
same(unseen, [], "what is there always was seen")
world.done()
