"""An AppArmor profile as the kernel would read it: the compiled machine, asked
about one path after another (for kernels that have no AppArmor)."""

import re
import struct
import subprocess

MAGIC = 0x1B5E783D
ACCEPT, BASE, CHECK, DEFAULT, CLASSES, NEXT = 1, 2, 3, 4, 5, 8
WIDTHS = {1: "B", 2: "H", 4: "I"}
ELSEWHERE = 0x80000000  # "base": look again from the state's default
START = 1

# Of the letters of a rule; 'a' is a part of 'w'.
BITS = {"x": 0x01, "w": 0x02, "r": 0x04, "a": 0x08, "l": 0x10, "k": 0x20,
        "m": 0x40}
OTHERS = 14  # so far to the left stand the rights without 'owner'


class Machine:
    """States, and where each byte leads from there."""

    def __init__(self, blob):
        at = struct.unpack_from(">I", blob, 4)[0]
        end = struct.unpack_from(">I", blob, 8)[0]
        self.tables = {}
        while at + 12 <= end:
            kind, width, _, count = struct.unpack_from(">HHII", blob, at)
            form = f">{count}{WIDTHS[width]}"
            self.tables[kind] = struct.unpack_from(form, blob, at + 12)
            at += (12 + struct.calcsize(form) + 7) // 8 * 8

    def step(self, state, byte):
        tables = self.tables
        if CLASSES in tables:
            byte = tables[CLASSES][byte]
        while True:
            base = tables[BASE][state]
            place = (base & 0xFFFFFF) + byte
            if tables[CHECK][place] == state:
                return tables[NEXT][place]
            state = tables[DEFAULT][state]
            if not base & ELSEWHERE:
                return state

    def rights(self, path):
        """(the owner's, others') letters for this path."""
        state = START
        for byte in path.encode("utf-8", "surrogateescape"):
            state = self.step(state, byte)
        accept = self.tables[ACCEPT][state]
        return [{letter for letter, bit in BITS.items() if half & bit}
                | ({"a"} if half & BITS["w"] else set())
                for half in (accept & 0x7F, accept >> OTHERS & 0x7F)]


class Profile:
    """What the text of a profile means, compiled by apparmor_parser."""

    def __init__(self, path):
        done = subprocess.run(["apparmor_parser", "-Q", "-K", "-S", path],
                              capture_output=True)
        if done.returncode != 0:
            raise ValueError(done.stderr.decode())
        blobs = [found.start() for found in
                 re.finditer(re.escape(struct.pack(">I", MAGIC)), done.stdout)]
        self.files = Machine(done.stdout[blobs[-1]:])  # behind that of names
        with open(path) as file:
            self.text = file.read()

    def lacks(self, path, wanted, owner=False):
        """The letters of `wanted` that the profile does not give."""
        mine, others = self.files.rights(path)
        return "".join(sorted(set(wanted) - others - (mine if owner else set())))

    def words(self, kind):
        """The rules `kind ...,` of the profile itself, without 'deny'."""
        return re.findall(rf"^  {kind} ([^,]+),$", self.text, re.M)
