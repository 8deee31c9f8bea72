#!/usr/bin/python3 -B
"""What an administrator sees who lets keys log in, on trial, on Debian's own
files: each screen is one of tests/e2e/screens/*.txt."""

import debian
import world
from screen import Terminal
from world import KEY, UK, conf, ok

world.enter(__file__)
debian.put_back()
UNIX = UK["UK_UNIX_PASSWORD"]
FILES = {name: (debian.PAM_D / name).read_bytes() for name in ("sshd", "sudo")}
admin = Terminal(PORT=UK["UK_SSH_PORT"], BIN=UK["UK_BIN"])
SSH = "ssh -t -p $PORT alice@127.0.0.1"
QUIET = [(r"Connection to 127\.0\.0\.1 closed\.\n", "")]


def as_before():
    return all((debian.PAM_D / name).read_bytes() == was
               for name, was in FILES.items())


admin.scene()
conf(app_id="nobody")
admin.run("userkey enable-login --service sshd,sudo --try 10min")
admin.shows("trial-refused", "nobody begins with settings that are wrong")
ok(as_before(), "nothing is changed")
conf()

admin.run("userkey enable-login --service sshd,sudo --try 10min")
admin.shows("trial", "keys log in, on trial")
admin.run("userkey confirm-login")
admin.shows("trial-same", "the window from before cannot confirm it")
admin.run(f"{SSH} sudo $BIN/userkey confirm-login", ("User API key: ", KEY),
          ("User API key: ", KEY))
admin.shows("trial-confirmed", "a new login can", QUIET)
admin.run("userkey enable-login --service sshd,sudo")
admin.run("userkey disable-login")
admin.run("userkey disable-login")
admin.shows("disable-login", "and out again")
ok(as_before(), "all is as it was")

admin.run("userkey enable-login --service sshd,sudo --try 2s")
admin.until(as_before)
admin.run(f"{SSH} id -un", ("Password: ", UNIX))
admin.run("userkey confirm-login")
admin.shows("trial-over", "nobody confirms: all is as it was", QUIET)
admin.leave()
world.done()
