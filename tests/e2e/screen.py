"""A person at a terminal: a shell in a pseudo-terminal, what they type, and
what stands on the screen, which a test compares with a text.

The texts are tests/e2e/screens/*.txt, written as what a person should see.
Lines that the terminal folds are whole there; how many blanks stand between
the columns of a table depends on what is in them, so any number is as good;
what is another one each time has a name: <id>, <key>, <date>.  Colours stand
in braces before what they colour: {green}enabled{}.  "..." is any lines.
"""

import codecs
import difflib
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import termios
import time

import world
from world import LAB, PATH, UK, ok

TEXTS = pathlib.Path(__file__).resolve().parent / "screens"
COLOURS = {"0": "", "1": "bold", "31": "red", "32": "green", "33": "yellow",
           "36": "cyan"}
PLACEHOLDERS = [
    (r"ukey[0-9A-Za-z]{60}", "<key>"),
    (r"\b[0-9a-f]{32}\b", "<request>"),
    (r"\b[0-9a-f]{24}\b", "<id>"),
    (r"(?<!\()\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\dZ?)?)?", "<date>"),
    (r"\b127\.0\.0\.1:\d+", "127.0.0.1:<port>"),
    (re.escape(UK["UK_APP"]) or "$^", "<app>"),
    (re.escape(str(LAB)), "<lab>"),
]
AGES = [(r"\b\d+(s|min)\b", "<age>"), (r"-(?=\n|$)|< 1h(?=\n|$)", "<use>")]
PROMPT = r"\[\e]9;$?\a\]"  # before the shell's own: nobody sees it


class Screen:
    """What is written to a terminal, as rows; also those that went up."""

    def __init__(self, columns):
        self.columns = columns
        self.rows = [[]]
        self.folded = set()  # rows that go on in the next one
        self.row = self.column = 0
        self.colour = ""
        self.ended = []  # how each command of the shell ended
        self.text = codecs.getincrementaldecoder("utf-8")("replace")
        self.rest = ""

    def write(self, data):
        self.rest += self.text.decode(data)
        while self.rest:
            if self.rest[0] == "\x1b":
                came = re.match(r"\x1b(\[[0-9;?]*[@-~]|\][^\x07]*\x07)",
                                self.rest)
                if not came:
                    return  # the end of it is still to come
                self.rest = self.rest[came.end():]
                self.obey(came.group(1))
            else:
                self.put(self.rest[0])
                self.rest = self.rest[1:]

    def obey(self, order):
        number = int("".join(re.findall(r"\d+", order)[-1:]) or 0)
        if order.startswith("]9;"):
            self.ended.append(number)
        elif order[-1] == "m":
            for code in order[1:-1].split(";"):
                self.colour = COLOURS.get(code or "0", code)
        elif order == "[K":
            del self.rows[self.row][self.column:]
            self.folded.discard(self.row)
        elif order[-1] == "A":
            self.row = max(0, self.row - max(1, number))
        elif order[-1] not in "hl":
            raise ValueError(f"a terminal is told {order!r}")

    def put(self, sign):
        if sign == "\r":
            self.column = 0
        elif sign == "\n":
            self.down()
        elif sign == "\b":
            self.column = max(0, self.column - 1)
        elif sign == "\t":
            for _ in range(8 - self.column % 8):
                self.put(" ")
        elif sign >= " ":
            if self.column == self.columns:
                self.folded.add(self.row)
                self.down()
                self.column = 0
            row = self.rows[self.row]
            row += [(" ", "")] * (self.column + 1 - len(row))
            row[self.column] = (sign, self.colour)
            self.column += 1

    def down(self):
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append([])

    def lines(self, first=0, colours=False):
        """From that row on, each line whole."""
        out = [""]
        for number in range(first, len(self.rows)):
            now = ""
            for sign, colour in self.rows[number]:
                if colours and colour != now and (sign != " " or not colour):
                    out[-1] += "{" + colour + "}"
                    now = colour
                out[-1] += sign
            if now:
                out[-1] += "{}"
            if number not in self.folded:
                out.append("")
        return [line.rstrip() for line in out[:-1]]

    def here(self):
        """The line that the cursor is in, up to it."""
        first = self.row
        while first - 1 in self.folded:
            first -= 1
        return "".join(sign for row in self.rows[first:self.row]
                       for sign, _ in row) + \
            "".join(sign for sign, _ in self.rows[self.row][:self.column])


class Terminal:
    def __init__(self, user=None, columns=80, rows=24, **env):
        ids = world.as_user(user) if user else None
        home = LAB / ("world/home/" + user if user else "person")
        home.mkdir(exist_ok=True)
        env = {"PATH": f"{UK['UK_BIN']}:{PATH}", "TERM": "xterm",
               "HOME": str(home), "PS1": PROMPT + r"\$ ", "HISTFILE": "",
               **env}
        self.screen = Screen(columns)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ,
                            struct.pack("HHHH", rows, columns, 0, 0))
                os.chdir(home)
                if ids:
                    os.setgroups([])
                    os.setgid(ids["group"])
                    os.setuid(ids["user"])
                os.execvpe("bash", ["bash", "--norc", "--noprofile",
                                    "--noediting", "-i"], env)
            finally:
                os._exit(127)
        self.known = 0
        self.first = 0
        self.until(lambda: self.screen.ended)

    def look(self, seconds=0.05):
        """Take what has been written; False when nobody is there any more."""
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                return False
            self.screen.write(data)
        return True

    def until(self, there, seconds=60):
        end = time.monotonic() + seconds
        while not there():
            if not self.look() or time.monotonic() > end:
                return False
        return True

    def shown(self, pattern):
        return re.search(pattern, "\n".join(self.screen.lines(self.first)))

    def type(self, text):
        os.write(self.fd, text.encode())

    def start(self, command):
        self.known = len(self.screen.ended)
        self.type(command + "\n")

    def asked(self, prompt):
        """Wait for the prompt; for a secret, until typing is not shown."""
        self.until(lambda: prompt in self.screen.here())
        if re.search("(?i)password|key:", prompt):
            self.until(lambda: not termios.tcgetattr(self.fd)[3] & termios.ECHO,
                       10)

    def answer(self, prompt, text):
        self.asked(prompt)
        row = self.screen.row
        self.type(text + "\n")
        self.until(lambda: self.screen.row != row, 20)

    def end(self, seconds=60):
        """Wait for the shell; the command's exit status."""
        if not self.until(lambda: len(self.screen.ended) > self.known, seconds):
            return "no end"
        return self.screen.ended[-1]

    def run(self, command, *answers):
        self.start(command)
        for prompt, text in answers:
            self.answer(prompt, text)
        return self.end()

    def scene(self):
        """What is compared begins with this line."""
        while self.look(0.05) and select.select([self.fd], [], [], 0)[0]:
            pass
        self.first = self.screen.row

    def shows(self, name, what, more=(), colours=False):
        """All since the scene began is the text of this name."""
        got = self.screen.lines(self.first, colours)
        wanted = (TEXTS / f"{name}.txt").read_text().splitlines()
        same_screen(got, wanted, what, more)
        self.scene()

    def leave(self):
        os.kill(self.pid, signal.SIGHUP)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def same_screen(got, wanted, what, more=()):
    got = "\n".join(got)
    for pattern, placeholder in [*more, *PLACEHOLDERS]:
        got = re.sub(pattern, placeholder, got)
    got = re.sub(r"( +)\{\}", r"{}\1", got)  # blanks have no colour
    got, wanted = ([re.sub(" +", " ", line).rstrip() for line in lines]
                   for lines in (got.splitlines(), wanted))
    while got and got[-1] in ("", "$", "#"):
        got.pop()
    whole = "".join(r"(?:.*\n)*" if line == "..." else re.escape(line) + "\n"
                    for line in wanted)
    ok(re.fullmatch(whole, "".join(line + "\n" for line in got)), what,
       "- the text, + the screen",
       *(line for line in difflib.ndiff(wanted, got) if line[0] in "+- "))
