#!/usr/bin/python3 -B
"""The PAM files that we give away let nobody in by a failure, and leave a way
back in when the keys, the service or the module itself are broken."""

import os
import pathlib
import re
import signal

import world
from world import (Audit, CONF, KEY, PROMPTS, Syslog, UK, USERS, conf, let_in,
                   ok, pty_run, same, secret, ssh, su)

world.enter(__file__)
UNIX = UK["UK_UNIX_PASSWORD"]
PAM_D = pathlib.Path("/etc/pam.d")

# --- the matrix: what a module may answer, and what comes of it
# pam_debug answers in our place; pam_unix meets a wrong password.
CODES = """open_err symbol_err service_err system_err buf_err perm_denied
    auth_err
    cred_insufficient authinfo_unavail user_unknown maxtries
    new_authtok_reqd acct_expired session_err cred_unavail cred_expired
    cred_err no_module_data conv_err authtok_err ignore abort authtok_expired
    module_unknown bad_item conv_again incomplete""".split()
shipped = (PAM_D / "userkey").read_text()


def with_answers(auth, acct="success"):
    """The file as it is, but for whose answer stands in our place."""
    (PAM_D / "userkey").write_text(re.sub(
        r"pam_userkey\.so", f"pam_debug.so auth={auth} acct={acct}", shipped))


AFTER_OK = "auth required pam_permit.so\nauth include userkey\n" \
           "account required pam_permit.so\n"
su_file = (PAM_D / "su").read_text()


def came_in(typed):
    """pam_debug tells the person what it answers: only the end counts."""
    came = su("alice", typed)
    return came.status == 0 and came.out.endswith("alice\n")


with_answers("success")
ok(came_in("wrong"), "(success lets in: pam_debug is heard)")
let = []
for before in ("", AFTER_OK):  # alone, and behind a module that succeeded
    (PAM_D / "su").write_text(before or su_file)
    for code in CODES:
        with_answers(code)
        if su("alice", "wrong").status == 0:
            let.append((before, code))
same(let, [], f"none of {len(CODES)} other answers lets anyone in")
let = []
for code in CODES:
    with_answers(code)
    if not came_in(UNIX):
        let.append(code)
let.remove("incomplete")  # for libpam it means: ask me again later
same(let, [], "each of them leaves the way back in")
(PAM_D / "su").write_text(su_file)

# The account phase refuses what it should, and locks nobody out for our sake.
HARMLESS = {"ignore", "service_err", "module_unknown"}
wrong = []
for code in CODES:
    with_answers("ignore", code)
    if came_in(UNIX) != (code in HARMLESS):
        wrong.append(code)
same(wrong, [], "in the account phase only three answers do not refuse")

(PAM_D / "userkey").write_text(shipped.replace("pam_userkey.so",
                                               "pam_not_there.so"))
ok(su("alice", KEY).status != 0, "the module's file is gone: no key lets in")
ok(let_in(su("alice", UNIX)), "the module's file is gone: a way back in")
came = ssh("alice", "", unix=UNIX)
ok(let_in(came), "the same by ssh", came)
(PAM_D / "userkey").write_text(shipped)

# --- a Unix password typed by mistake at our prompt
for door, go in world.DOORS.items():
    log, audit = Syslog(), Audit()
    came = go(UNIX)
    ok(came.status == 0, f"{door}: a Unix password at our prompt lets in",
       came)
    lines = log.module()
    ok(len(lines) == 1 and lines[0].startswith("malformed user='alice'"),
       f"{door}: the line says that it was no key", *lines)
    same(audit.read(), [], f"{door}: and nothing was sent")
    came = go(UNIX + "x")
    ok(came.status != 0 and came.out == "",
       f"{door}: a wrong Unix password does not", came)
came = ssh("alice", UNIX)
same(PROMPTS.read_text().splitlines(), ["(alice@127.0.0.1) User API key: "],
     "it is asked for once")
came = su("bob", UNIX)
ok(came.status != 0, "an account without a Unix password has no way back")
came = ssh("alice", secret("x" * 64), unix=UNIX)
ok(let_in(came), "what is as long as a key is asked for again", came)


# --- the service is away, or our settings are broken
def back_in(what, word):
    """By key refused with the word, by password let in, at three doors."""
    for door, go in {
        "ssh": lambda: ssh("alice", KEY, unix=UNIX),
        "su": lambda: pty_run(["su", "alice", "-c", "id -un"],
                              PROMPTED, user="mallory"),
        "sudo": lambda: pty_run(["sudo", "id", "-un"], PROMPTED,
                                user="alice"),
    }.items():
        log = Syslog()
        came = go()
        lines = log.module()
        ok(came.status == 0 and
           re.search(r"(^|\n)(alice|root)\n", came.out),
           f"{what}: {door}: a key first, then the way back in", came)
        ok(lines and lines[0].startswith(word), f"{what}: {door}: {word}",
           *lines)
    ok(su("alice", KEY).status != 0, f"{what}: the key alone does not let in")
    ok(su("alice", UNIX + "x").status != 0,
       f"{what}: neither does a wrong password")


PROMPTED = [("User API key: ", KEY), ("assword", UNIX)]
with world.sink_for() as sink:
    sink.close()
    back_in("service down", "unreachable ")
os.kill(int(UK["UK_SERVER_PID"]), signal.SIGSTOP)
conf(timeout="500ms")
# Behind three time-outs an agent that listens does not ask any more.
back_in("service hangs", ("timeout:", "unreachable ") if world.LISTENING
        else "timeout:")
os.kill(int(UK["UK_SERVER_PID"]), signal.SIGCONT)
conf()
PROMPTED = [("assword", UNIX)]  # where settings are broken, none is asked
conf(timeout="soon")
back_in("settings broken", "misconfigured ")
CONF.unlink()
back_in("settings gone", "misconfigured ")
conf()
PROMPTED = [("User API key: ", KEY), ("assword", UNIX)]
text = USERS.read_text()
USERS.write_text("alice id:1 nonsense\n")
back_in("users file broken", "misconfigured ")
USERS.write_text(text)
ok(let_in(su("alice", KEY)), "all is well again")

# --- the machine's own files with the README's three lines, not our examples
for service in ("sshd", "sudo", "su"):
    text = (world.LAB / "world/pam.d.before" / service).read_text()
    text = text.replace("@include common-auth", "auth include userkey")
    text = text.replace("@include common-account",
                        "account include userkey\n@include common-account")
    (PAM_D / service).write_text(text + "\nsession include userkey\n")
for door, go in world.DOORS.items():
    who = world.INSIDE[door]
    ok(let_in(go(KEY), who), f"edited by hand: {door}: a key lets in")
    ok(let_in(go(UNIX), who), f"edited by hand: {door}: a way back in")
    ok(go(UNIX + "x").status != 0, f"edited by hand: {door}: nothing else")

world.done()
