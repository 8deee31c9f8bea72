#!/usr/bin/python3 -B
"""What the tool looks like on a terminal: colours for who wants them, tables
that are the same without, and a word about what is waited for."""

import os
import re
import signal
import threading

import world
from world import LAB, UK, ok, pty_run, run, same, tool

world.enter(__file__)
TOOL = UK["UK_BIN"] + "/userkey"
HERE = {"XDG_STATE_HOME": str(LAB / "state")}
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def screen(*argv, answers=(), watch=lambda seen: False, **env):
    return pty_run([TOOL, *argv], answers, watch=watch,
                   env={**HERE, "TERM": "xterm", **env})


tool("create", "second", "--out", str(LAB / "second.key"))
tool("disable", "second")
plain = screen("list", TERM="dumb")
wanted = [r"ID +NAME +STATE +AGE +EXPIRES +LAST USE *",
          r"[0-9a-f]{24} lab +enabled +\d+\w+ +- +(-|\d+\w+) *",
          r"[0-9a-f]{24} second disabled +\d+\w+ +- +- *"]
lines = plain.out.splitlines()
ok(len(lines) == 3 and all(re.fullmatch(want, line) for want, line
                           in zip(wanted, lines)),
   "the screen of 'list'", plain)
ages = re.compile(r"\b\d+(s|min|h)\b *")  # time goes by between two calls
colour = screen("list")
same([ages.sub("", COLOUR.sub("", line)).split()
      for line in colour.out.splitlines()],
     [ages.sub("", line).split() for line in lines],
     "with colours it says the same")
for what, text in (("a heading is bold", "\x1b[1mNAME"),
                   ("enabled is green", "\x1b[32menabled"),
                   ("disabled is yellow", "\x1b[33mdisabled")):
    ok(text in colour.out, what, repr(colour.out))
for what, env in (("NO_COLOR", {"NO_COLOR": "1"}), ("a dumb terminal",
                                                    {"TERM": "dumb"}),
                  ("a terminal without a name", {"TERM": ""})):
    for argv in (["list"], ["doctor"]):
        came = screen(*argv, **env)
        ok(came.out and not COLOUR.search(came.out),
           f"{what}: no colours in {argv[0]}", repr(came.out[:200]))
same(len(COLOUR.findall(screen("list", NO_COLOR="").out)) > 0, True,
     "an empty NO_COLOR says nothing")
came = run([TOOL, "list"], env={**HERE, "TERM": "xterm"})
ok("\x1b" not in came.out and came.out.count("\t") == 10,
   "no colours for a program", came)
came = screen("doctor")
ok("\x1b[32mok\x1b[0m       " in came.out, "the grades of the doctor, too",
   repr(came.out[:300]))


# --- what is waited for
def while_it_hangs(seconds, go, shown=None):
    """It goes on after so many seconds, or once that text has been shown."""
    pid = int(UK["UK_SERVER_PID"])

    def watch(seen):
        if shown in seen:
            os.kill(pid, signal.SIGCONT)

    os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(seconds, os.kill, (pid, signal.SIGCONT))
    timer.start()
    try:
        return go(watch) if shown else go()
    finally:
        timer.cancel()
        os.kill(pid, signal.SIGCONT)


SHOWN = "waiting for the service"
WAIT = "\r\x1b[Kwaiting for the service ...\r\x1b[K"
came = while_it_hangs(9, lambda watch: screen("list", watch=watch), SHOWN)
ok(came.status == 0 and came.out.startswith(WAIT) and
   COLOUR.sub("", came.out[len(WAIT):]).startswith("ID "),
   "what takes longer than a second is said, and taken away",
   repr(came.out[:300]))
came = while_it_hangs(15, lambda watch: screen(
    "check", "alice", answers=[("User API key", world.KEY)], watch=watch),
    SHOWN)
ok("waiting for the service" in came.out and "granted" in came.out,
   "also by 'check', whose prompt is not disturbed", repr(came.out[:300]))
for _ in range(30):  # on a machine that lets it
    came = screen("list")
    if came.seconds < 1:
        break
ok("waiting" not in came.out, "what is quick is not", repr(came.out[:300]))
came = while_it_hangs(2, lambda: run([TOOL, "list"], env=HERE))
ok(came.status == 0 and came.err == "", "nor is anything to a program", came)
for _ in range(30):
    came = screen("delete", "second", answers=[("?", "")])
    if came.seconds < 1:
        break
ok("waiting" not in came.out, "nor while a person is asked",
   repr(came.out[:300]))
world.done()
