#!/usr/bin/python3 -B
"""userkey enable-login, confirm-login and disable-login on Debian's own files:
logins before, during and after, byte by byte; a trial that nobody confirms."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import debian
import world
from debian import PAM_D, mount
from world import (KEY, LAB, UK, Syslog, as_user, conf, let_in, ok, pty_run,
                   run, same, ssh, sudo, users)

world.enter(__file__)
TOOL = UK["UK_BIN"] + "/userkey"
UNIX = UK["UK_UNIX_PASSWORD"]
KEPT = pathlib.Path("/var/lib/userkey-login")
STATE = KEPT / "state"
BOTH = ("enable-login", "--service", "sshd,sudo")

debian.put_back()
os.chown(PAM_D / "sudo", 0, 4)
(PAM_D / "sudo").chmod(0o640)
(PAM_D / "cut").write_bytes(b"account required pam_permit.so\n"
                            b"@include common-account\n@include common-auth")


def files():
    """{name: (bytes, mode, owner, group)} of all there is."""
    return {path.name: (path.read_bytes(), *path.lstat()[0:1],
                        *path.lstat()[4:6]) for path in PAM_D.iterdir()}


def userkey(*argv, **more):
    return run([TOOL, *argv], **more)


def refused(came, status, words, text):
    """With this status and these words, and nothing changed."""
    ok(came.status == status and re.search(words, came.err), text, came)
    same(files(), before, f"{text}: nothing is changed")


def killed():
    """At any moment: whole files, and a way out."""
    if not shutil.which("strace"):
        world.skip("killed while it writes", "there is no strace")
        return
    userkey(*BOTH)
    good = files()
    userkey("disable-login")
    wholes = {name: {before.get(name), good.get(name)} - {None}
              for name in good}
    half, stuck, moments = [], [], set()
    for call in ("openat:/etc/pam.d", "fchmod", "fsync", "rename",
                 "renameat"):
        for when in range(1, 7):
            name = call.split(":")[0]
            for argv in (BOTH, ("disable-login",)):
                if argv[0] == "disable-login":
                    userkey(*BOTH)
                run(["strace", "-o", "/dev/null", "-e", f"trace={name}",
                     *(["-P", "/etc/pam.d/.sudo.userkey-new"]
                       if ":" in call else []),
                     "-e", f"inject={name}:signal=KILL:when={when}",
                     TOOL, *argv])
                now = files()
                moments.add(tuple(sorted(
                    n for n in now if now[n] != before.get(n))))
                half += [(call, when, n) for n in now
                         if not n.startswith(".") and
                         now[n] not in wholes.get(n, {before.get(n)})]
                userkey("disable-login")
                if {n: f for n, f in files().items()
                        if not n.startswith(".")} != before:
                    stuck.append((call, when, argv[0]))
                for left in PAM_D.glob(".*"):
                    left.unlink()
                for n in set(files()) - set(before):
                    (PAM_D / n).unlink()
    same(half, [], "killed while it writes: each file is the old or the new")
    same(stuck, [], "killed while it writes: disable-login puts all back")
    ok(len(moments) >= 3, "(it was killed at different moments)", moments)


before = files()
SLOWLY = os.environ.get("UK_SLOWLY")  # tests/slow/loginway.t
if SLOWLY:
    killed()
ok(let_in(ssh("alice", "", unix=UNIX)), "before: a Unix password logs in by ssh")
came = ssh("alice", KEY)
ok(came.status != 0, "before: a key does not", came)

# --- in, and out again
came = userkey(*BOTH, "--json")
same(came.status, 0, "enable-login", came)
same(json.loads(came.out), {"enabled": True, "profile": False,
                            "services": ["sshd", "sudo"],
                            "trial_seconds": None}, "what it says as JSON")
ok("disable-login" in came.err, "it names the command that takes it out", came)
now = files()
same(sorted(name for name in now if now[name] != before.get(name)),
     ["sshd", "sudo", "userkey"], "the named services' files and no others")
same([now[name][1:] for name in ("sshd", "sudo")],
     [before[name][1:] for name in ("sshd", "sudo")], "modes and owners stay")
same(now["userkey"][0], (world.ROOT / "conf/pam.d/userkey").read_bytes(),
     "the stack is the example's")
for name in ("sshd", "sudo"):
    same((KEPT / f"{name}.before").read_bytes(), before[name][0],
         f"what {name} was is kept")
ok(let_in(ssh("alice", KEY)), "a key logs in by ssh")
ok(let_in(ssh("alice", UNIX)), "the way back: a Unix password still does")
ok(let_in(sudo(KEY), "root"), "a key lets sudo")
came = ssh("alice", "wrong" * 3)
ok(came.status != 0, "anything else does not", came)
came = userkey("doctor", "--json")
found = json.loads(came.out)["findings"]
ok(came.status == 0 and any("sshd: a key lets in" in f["what"] for f in found),
   "the doctor finds nothing wrong", *found)
came = userkey(*BOTH)
ok(came.status == 6 and "disable-login" in came.err, "twice is a conflict",
   came)
came = userkey("disable-login", "--expired")
same((came.status, files() == now), (0, True), "it is no trial: it stays")
came = userkey("disable-login", "--json")
same((came.status, json.loads(came.out)), (0, {
    "enabled": False, "profile": False, "services": ["sshd", "sudo"],
    "trial_seconds": None}), "disable-login", came)
same(files(), before, "all files are as before, byte by byte")
ok(let_in(ssh("alice", "", unix=UNIX)), "after: a Unix password logs in")
came = ssh("alice", KEY)
ok(came.status != 0, "after: a key does not", came)
came = userkey("disable-login")
ok(came.status == 0 and "nothing" in came.err, "there is nothing left", came)

# What an administrator writes beside the blocks stays.
userkey("enable-login", "--service", "cut,login")
with (PAM_D / "login").open("a") as file:
    file.write("# a note\n")
STATE.unlink()
same(userkey("disable-login").status, 0, "without its state too")
now = files()
same(now["cut"], before["cut"], "a last line without an end has none again")
same(now["login"][0], before["login"][0] + b"# a note\n",
     "a line of one's own stays")
(PAM_D / "login").write_bytes(before["login"][0])
(PAM_D / "userkey").unlink()  # nobody knew any more who had made it
same(files(), before, "(as before)")

# --- what is refused, with a reason and the next command
refused(userkey("enable-login", "--service", "nothing"), 2,
        "no service 'nothing'", "no such service")
refused(userkey("enable-login", "--service", "sshd,../shadow"), 2,
        "--service: names", "no name of a service")
refused(userkey("enable-login", "--service", ""), 2, "--service: names",
        "no name at all")
refused(userkey("enable-login", "--service", "sshd,sshd"), 2, "twice", "twice")
refused(userkey("enable-login", "--service", "su-l"), 2,
        "no line that brings in", "a file that has its stack from another")
refused(userkey("enable-login", "--service", "sshd", "--try", "soon"), 2,
        "--try: 'soon' is not a time", "a time that is none")
refused(userkey("enable-login", "--service", "sshd", "--try", "0s"), 2,
        "1s to 7d", "no time at all")
refused(userkey(*BOTH, **as_user("alice")), 5, "root", "not root")
conf(app_id="nobody")
refused(userkey(*BOTH), 1, "(?s)app 'nobody'.*nothing is changed.*doctor",
        "settings that are wrong")
conf(colour="blue")
refused(userkey(*BOTH, "--yes"), 1, "(?s)'colour'.*nothing is changed",
        "broken settings, also with --yes")
conf()
users("nobody id:1\n")
came = userkey(*BOTH)
ok(came.status in (0, 1), "(a users file that names nobody)", came)
userkey("disable-login")
users()
shadow = pathlib.Path("/etc/shadow").read_text()
pathlib.Path("/etc/shadow").write_text(
    re.sub(r"^([^:]+):\$[^:]*:", r"\1:*:", shadow, flags=re.M))
refused(userkey(*BOTH), 1, "no account has a Unix password.*--yes",
        "nobody is left with a Unix password")
came = userkey(*BOTH, "--yes")
ok(came.status == 0 and "no account" in came.err, "but for one who says --yes",
   came)
userkey("disable-login")
pathlib.Path("/etc/shadow").write_text(shadow)
(PAM_D / "sshd").write_text("auth include userkey\n@include common-account\n")
(PAM_D / "userkey").write_text("auth optional pam_userkey.so\n")
came = userkey("enable-login", "--service", "sshd")
ok(came.status == 2 and "already" in came.err, "what is there by hand", came)
(PAM_D / "sshd").write_bytes(before["sshd"][0])
(PAM_D / "userkey").write_text("auth [success=1 default=ignore] "
                               "pam_userkey.so\nauth optional pam_permit.so\n")
came = userkey(*BOTH)
ok(came.status == 1 and "nothing is changed" in came.err and
   (PAM_D / "sshd").read_bytes() == before["sshd"][0],
   "a stack of one's own that lets everybody in", came)
(PAM_D / "userkey").unlink()
same(files(), before, "(as before)")

# --- a stack that is ours, and that somebody has changed since
stack = PAM_D / "userkey"
came = userkey(*BOTH)
same((came.status, stack.exists()), (0, True), "a stack is made", came)
changed = stack.read_text() + "# and a line of somebody's\n"
stack.write_text(changed)
came = userkey("disable-login")
same((came.status, stack.read_text()), (0, changed),
     "what somebody has changed is not removed", came)
stack.unlink()
came = userkey(*BOTH)
(PAM_D / "theirs").write_text("auth include userkey\n")
came = userkey("disable-login")
same((came.status, stack.exists()), (0, True),
     "nor what another service brings in", came)
(PAM_D / "theirs").unlink()
stack.unlink()
same(files(), before, "(as before)")

# --- files that are not what a block can be put into
odd = PAM_D / "odd"
for text, words, name in (
        ("@include common-auth\n\0@include common-account\n",
         "has a NUL byte", "a NUL, behind which no text is seen"),
        ("@include common-auth\n@include common-account \\\n\n",
         "line 2 goes on in the next one", "a line that goes on"),
        ("@include common-auth\nauth include common-auth\n"
         "@include common-account\n",
         "more than one line that brings in", "two ways to authenticate"),
        ("@include common-account\n", "no line that brings in the system's "
         "authentication", "no way to authenticate"),
        ("@include common-auth\n", "no line that brings in the system's "
         "account phase", "no account phase"),
        ("@include common-auth\n# userkey enable-login: end\n"
         "@include common-account\n", "has a block", "a piece of a block")):
    odd.write_text(text)
    came = userkey("enable-login", "--service", "sshd,odd")
    ok(came.status in (1, 2) and words in came.err, name, came)
    same(odd.read_text(), text, f"{name}: it is as it was")
    odd.unlink()
    same(files(), before, f"{name}: and no other is changed")
odd.symlink_to("sudo")
came = userkey("enable-login", "--service", "sshd,odd")
ok(came.status in (1, 2) and "is a symbolic link" in came.err, "a link", came)
ok(odd.is_symlink(), "a link: it still is one")
odd.unlink()
odd.mkdir()
came = userkey("enable-login", "--service", "sshd,odd")
ok(came.status in (1, 2) and "is not a regular file" in came.err, "a folder",
   came)
odd.rmdir()
os.mkfifo(odd)
came = userkey("enable-login", "--service", "sshd,odd")
ok(came.status in (1, 2) and "is not a regular file" in came.err,
   "a pipe, for which nobody waits", came)
odd.unlink()
came = userkey("enable-login", "--service", "sshd,odd")
ok(came.status in (1, 2) and "there is no service 'odd'" in came.err,
   "nothing at all", came)
same(files(), before, "(as before)")


# --- a trial that nobody confirms
def wait_until_out(seconds=world.PATIENCE):
    end = time.monotonic() + seconds
    while STATE.exists() and time.monotonic() < end:
        time.sleep(0.05)


log = world.Lines(UK["UK_SYSLOG"])
for seconds in (4, 16, 60):  # as long as a login may take on this machine
    came = userkey(*BOTH, "--try", f"{seconds}s", "--json")
    trial = json.loads(came.out)
    meanwhile = ssh("alice", KEY)
    in_time = STATE.exists()
    wait_until_out(2 * world.PATIENCE)
    if in_time:
        break
ok(came.status == 0 and seconds - 2 <= trial["trial_seconds"] <= seconds,
   "a trial", came)
ok("confirm-login" in came.err, "it says how to confirm", came)
ok(let_in(meanwhile), "a key logs in meanwhile", meanwhile)
same(files(), before, "its time is over: all as before, byte by byte")
ok(any("trial of the login by key is over" in line
       for line in log.wait("trial of the login")), "and the log says so")
ok(let_in(ssh("alice", "", unix=UNIX)), "logins are as before")
came = userkey("confirm-login")
ok(came.status == 3 and "enable-login --try" in came.err,
   "too late to confirm", came)

# The terminal goes away with the window.
for seconds in (2, 8, 60):
    came = pty_run([TOOL, *BOTH, "--try", f"{seconds}s"], [])
    in_time = STATE.exists()
    wait_until_out(2 * world.PATIENCE)
    if in_time:
        break
ok(came.status == 0 and in_time, "a trial from a window that is closed", came)
same(files(), before, "ends as well")

# While the service is away: a way in, and the way out of it.
came = userkey(*BOTH, "--try", "1h")
conf(timeout="1s")
os.kill(int(UK["UK_SERVER_PID"]), signal.SIGSTOP)
ok(let_in(ssh("alice", KEY, unix=UNIX)),
   "the service is away: a key, then a Unix password")
came = userkey("disable-login")
same((came.status, files() == before), (0, True),
     "disable-login needs no service", came)
refused(userkey(*BOTH), 1, "(?s)timeout.*nothing is changed",
        "nobody begins with a service that is away")
conf()
os.kill(int(UK["UK_SERVER_PID"]), signal.SIGCONT)

# --- one that is confirmed, and by whom
CONFIRM = f"sudo -S -p '' {TOOL} confirm-login"


def old_connection(master):
    """An ssh connection that others can share."""
    began = subprocess.Popen(
        ["ssh", "-p", UK["UK_SSH_PORT"], "-M", "-N", "-o",
         f"ControlPath={master}", "-o",
         "PreferredAuthentications=keyboard-interactive", "alice@127.0.0.1"],
        env={"PATH": world.PATH, "SSH_ASKPASS": str(world.ASKPASS),
             "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0", "ANSWER": UNIX,
             "PROMPTS": str(world.PROMPTS), "ANSWER_UNIX": UNIX},
        stderr=subprocess.DEVNULL)
    for _ in range(1200):
        if master.exists():
            break
        time.sleep(0.05)
    return began


def not_new(came, text):
    ok(came.status == 5 and "log in anew" in came.err + came.out and
       "\nuntil = 0" not in STATE.read_text(), text, came)


def who_confirms(how):
    """Old logins and new ones, as the sessions of sshd are made here."""
    master = LAB / f"master.{len(how)}"
    began = old_connection(master)
    old = ("-o", f"ControlPath={master}")
    came = ssh("alice", "", command="cat /proc/self/sessionid", options=old)
    numbered = came.out.strip() != "4294967295"
    # A shell in a window from before, which waits for what to run.
    window = subprocess.Popen(
        ["sh", "-c", "read line; eval \"$line\""], stdin=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True)
    came = userkey(*BOTH, "--try", "1h")
    same(came.status, 0, f"{how}: another trial", came)
    came = userkey("doctor")
    ok("note\tthe login by key is on trial, for 3" in came.out,
       "the doctor says that it is on trial", came)
    not_new(userkey("confirm-login"), f"{how}: not who enabled it")
    not_new(userkey("enable-login", "--confirm"), "nor by the other name")
    not_new(run(["setsid", "-w", TOOL, "confirm-login"]),
            "nor in a new session")
    not_new(pty_run([TOOL, "confirm-login"], []), "nor on a new terminal")
    not_new(sudo(KEY, command=(TOOL, "confirm-login")), "nor with sudo")
    not_new(run(["sh", "-c",
                 f"(setsid {TOOL} confirm-login; echo $? >{LAB}/end) "
                 f"2>{LAB}/said & sleep 1; cat {LAB}/said; "
                 f"exit $(cat {LAB}/end)"]), "nor behind one's back")
    said = window.communicate(f"{TOOL} confirm-login\n".encode())[1]
    not_new(world.Result(window.returncode, "", said.decode(), 0),
            "nor in another window from before")
    came = ssh("alice", KEY, command=f"echo '{KEY}' | {CONFIRM}", options=old)
    not_new(came, f"{how}: nor over an ssh connection from before")
    began.terminate()
    began.wait()
    came = ssh("alice", KEY, command=f"echo '{KEY}' | {CONFIRM}")
    ok(came.status == 0 and "stays" in came.err, f"{how}: a new login does",
       came)
    ok("\nuntil = 0\n" in STATE.read_text(), "it is no trial any more")
    same(userkey("disable-login", "--expired").status, 0, "the timer comes")
    ok(let_in(ssh("alice", KEY)), "and it stays")
    came = userkey("confirm-login")
    ok(came.status == 0, "who confirms twice does no harm", came)
    userkey("disable-login")
    same(files(), before, "(as before)")
    return numbered


ok(True, "sessions by sshd's stack are " + (
    "numbered" if who_confirms("by number, if there are") else "not numbered"))
if SLOWLY:
    numberless = before["sshd"][0].replace(b"pam_loginuid.so", b"pam_permit.so")
    (PAM_D / "sshd").write_bytes(numberless)
    whole, before = before, files()
    ok(not who_confirms("by parents"), "(sessions had no number)")
    (PAM_D / "sshd").write_bytes(whole["sshd"][0])
    before = whole
    same(files(), before, "(as before)")

# --- the trial's time: the machine is started anew; the clock of another trial
userkey(*BOTH, "--try", "1h")
same((userkey("disable-login", "--expired").status, STATE.exists()),
     (0, True), "before its time --expired does nothing")
STATE.write_text(re.sub("(?m)^boot = .*", "boot = another", STATE.read_text()))
came = userkey("doctor")
ok("warning\tthe trial of the login by key is over" in came.out,
   "started anew: the doctor sees what is left", came)
came = userkey("confirm-login")
ok(came.status == 3, "what a restart has ended cannot be confirmed", came)
same(userkey("disable-login", "--expired").status, 0, "started anew:")
same(files(), before, "the trial is over, whatever its time was")

# --- blocks that were changed by hand
userkey(*BOTH, "--try", "1h")
text = (PAM_D / "sudo").read_text()
(PAM_D / "sudo").write_text(text.replace("auth     include   userkey",
                                         "auth required pam_deny.so"))
came = userkey("disable-login")
ok(came.status == 2 and re.search(r"sudo'.*before.*changed by hand", came.err)
   and (PAM_D / "sshd").read_bytes() == before["sshd"][0] and STATE.exists(),
   "it is not undone by guessing, and the others are", came)
STATE.write_text(re.sub("(?m)^boot = .*", "boot = another", STATE.read_text()))
same(userkey("disable-login", "--expired").status, 0,
     "but the end of a trial lets people in again")
same(files(), before, "by what was kept, byte by byte")
ok("pam_deny" in (KEPT / "sudo.changed").read_text(),
   "what was written by hand is kept")
STATE.write_text("rubbish\n")
came = userkey("disable-login")
same((came.status, STATE.exists()), (0, False),
     "a state that nobody can read keeps nobody out", came)

# --- with systemd: who ends the trial is its timer, and a unit at the start
fakes = LAB / "fakes"
fakes.mkdir()
for name in ("systemd-run", "systemctl"):
    fake = fakes / name
    fake.write_text(f'#!/bin/sh\nprintf "%s " "$0" "$@" >>{fakes}/asked\n'
                    f'echo >>{fakes}/asked\n')
    fake.chmod(0o755)
    if not pathlib.Path("/usr/bin", name).exists():
        continue
    mount("--bind", fake, f"/usr/bin/{name}")
os.makedirs("/run/systemd/system")
came = userkey(*BOTH, "--try", "90s")
asked = (fakes / "asked").read_text().splitlines() \
    if (fakes / "asked").exists() else []
if pathlib.Path("/usr/bin/systemd-run").exists():
    ok(came.status == 0 and len(asked) == 2 and
       re.search(rf"--on-active=(8[5-9]|90)s.* {TOOL} disable-login --expired $",
                 asked[0]) and asked[1].endswith(
                     "enable userkey-login-trial.service "),
       "systemd is asked for a timer, and for the unit at the start", came,
       *asked)
    ok("no systemd" not in came.err, "(and nothing is missing)", came)
    userkey("disable-login")
    asked = (fakes / "asked").read_text().splitlines()
    ok(asked[-1].endswith("disable userkey-login-trial.service "),
       "and the unit is not wanted any more", *asked)
os.rmdir("/run/systemd/system")
unit = (world.ROOT / "conf/systemd/userkey-login-trial.service.in").read_text()
if shutil.which("systemd-analyze"):
    copy = LAB / "userkey-login-trial.service"
    copy.write_text(unit.replace("@BINDIR@", UK["UK_BIN"]).replace(
        "@LOCALSTATEDIR@", "/var"))
    came = run(["systemd-analyze", "verify", "--man=no",
                "--recursive-errors=no", str(copy)])
    ok(came.status == 0 and copy.name not in came.err, "systemd takes the unit",
       came)
ok(" disable-login --expired\n" in unit and "WantedBy=multi-user.target" in
   unit, "the unit does the same at the start of the machine", unit)
userkey("disable-login")
same(files(), before, "(as before)")

# --- Debian's way: a profile of pam-auth-update
profile = world.ROOT / "conf/pam-configs/userkey"
if profile.exists() and os.access("/usr/sbin/pam-auth-update", os.X_OK):
    configs = LAB / "world/pam-configs"
    shutil.copytree("/usr/share/pam-configs", configs)
    shutil.copy(profile, configs / "userkey")
    mount("--bind", configs, "/usr/share/pam-configs")
    run(["pam-auth-update", "--package", "--disable", "userkey"],
        env={"DEBIAN_FRONTEND": "noninteractive"})
    before = files()
    ok(not any(b"pam_userkey" in entry[0] for entry in before.values()),
       "(the profile is not in)")
    came = userkey("enable-login", "--try", "1h", "--json")
    ok(came.status == 0 and json.loads(came.out)["profile"] is True,
       "enable-login without --service: the profile", came)
    ok(b"pam_userkey" in (PAM_D / "common-auth").read_bytes(),
       "it is in common-auth")
    ok(let_in(ssh("alice", KEY)), "a key logs in by ssh")
    ok(let_in(ssh("alice", UNIX)), "a Unix password still does")
    STATE.write_text(re.sub("(?m)^boot = .*", "boot = another",
                            STATE.read_text()))
    came = userkey("disable-login", "--expired")
    same(came.status, 0, "the trial is over", came)
    same(files(), before, "all files are as before, byte by byte")
    (PAM_D / "common-auth").write_bytes(before["common-auth"][0].replace(
        b"pam_unix.so nullok", b"pam_unix.so"))
    (PAM_D / "common-auth").write_text("auth required pam_unix.so\n")
    here = files()
    came = userkey("enable-login")
    ok(came.status == 1 and "--service" in came.err,
       "files that were changed by hand are left alone", came)
    same(files(), here, "nothing is changed")
else:
    world.skip("a profile of pam-auth-update", "there is none here")
world.done()
