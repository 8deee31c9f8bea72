#!/usr/bin/python3 -B
"""userkey doctor and userkey explain on a machine that runs: what is wrong is
said with what mends it, and what is explained is what a login gets."""

import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import threading
import time
from email.utils import formatdate

import world
from world import (KEY, LAB, MAP, Syslog, UK, as_user, conf, free_port, ok,
                   pty_run, run, same, sink_for, su, tool, users)

world.enter(__file__)
STRANGER = "ukey5MduBSj0HYp6NevCTk1IZq7OfwDUl2Jar8PgxEVm3Kbs9QhyFWn4Lc2a10to"


STATE = "/run/userkey/state"
run(["install", "-d", "-m", "700", "-o", "_userkey", STATE])
world.BASE["state_folder"] = STATE


def doctor(*argv, **more):
    """(status, [finding])"""
    came = run([UK["UK_BIN"] + "/userkey", "doctor", "--json", *argv], **more)
    return came.status, json.loads(came.out)["findings"]


def says(name, check, grade, words, status=None, more=None, **run_as):
    """One finding of this check has this grade and these words."""
    code, found = doctor(*(more or []), **run_as)
    hits = [f for f in found if f["check"] == check and f["grade"] == grade
            and words in f["what"]]
    ok(len(hits) == 1, f"doctor, {name}: says so", *found)
    if grade in ("error", "warning"):
        ok(hits and hits[0]["why"] and hits[0]["mend"],
           f"doctor, {name}: why, and what to do", *found)
    if status is not None:
        same(code, status, f"doctor, {name}: status {status}")
    return found


# --- the doctor, with everything right
conf()
status, found = doctor()
same((status, [f for f in found if f["grade"] in ("warning", "error")]),
     (0, []), "doctor: nothing is wrong with the lab, and so with the examples")
for check, words in (("settings", "can be believed"), ("users", "1 account"),
                     ("service", f"has app '{UK['UK_APP']}'"),
                     ("service", "clock"), ("module", "is there"),
                     ("pam", "sshd: a key lets in"), ("sshd", "asks PAM"),
                     ("sudo", "asks each time")):
    ok(any(f["check"] == check and words in f["what"] for f in found
           if f["grade"] == "ok"), f"doctor: {check}: {words}", *found)

# --- the service
conf(app_id="nobody")
says("another app", "service", "error", "has no app 'nobody'", 1)
conf(service_url=f"https://127.0.0.1:{free_port()}")
says("service down", "service", "error", "unreachable", 1)
conf(service_url=f"https://127.0.0.1:{free_port()} {UK['UK_URL']}")
says("one of two servers down", "service", "warning", "unreachable", 0)
with sink_for(timeout="1s"):
    says("service silent", "service", "error", "timeout:tls", 1)
conf(service_url="https://auth.invalid:8443", timeout="2s")
status, found = doctor()
ok(status == 1 and any(re.search("unreachable|timeout:resolve", f["what"])
                       for f in found if f["grade"] == "error"),
   "doctor, a name that is none: says so", *found)
conf(ca_file=None)
says("another CA", "service", "error", "tls", 1)
conf(ca_file="/etc/userkey/no.pem")
says("no CA", "service", "error", "/etc/userkey/no.pem", 1)


class Place(http.server.BaseHTTPRequestHandler):
    """A service that knows its place, and not the time."""
    status, skew, body = 200, 0, b'{"hostname":"http://127.0.0.1"}'

    def do_GET(self):
        self.send_response_only(self.status)
        self.send_header("Date", formatdate(time.time() + self.skew,
                                            usegmt=True))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_):
        pass

    protocol_version = "HTTP/1.1"


place = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Place)
threading.Thread(target=place.serve_forever, daemon=True).start()
conf(service_url=f"http://127.0.0.1:{place.server_port}", insecure_http="yes",
     ca_file=None)
for skew, grade, words in ((0, "ok", "agree"), (120, "note", "s behind"),
                           (-120, "note", "s before"),
                           (3600, "error", "s behind"),
                           (-86400, "error", "s before")):
    Place.skew = skew
    says(f"clock {skew}", "service", grade, words, int(grade == "error"))
Place.skew, Place.status = 0, 500
says("another service", "service", "error", "status 500", 1)
Place.status, Place.body = 200, b"{}"
says("not the service", "service", "error", "status 200", 1)
place.shutdown()

# --- the agent
PLACE = "/run/userkey/other.sock"
squat = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
squat.bind(PLACE)
child = os.fork()
if child == 0:
    os.setgid(65534)
    os.setuid(65534)
    squat.listen(4)
    time.sleep(60)
    os._exit(0)
conf(agent_socket=PLACE)
end = time.monotonic() + 5
while "agent" not in [f["check"] for f in doctor()[1]
                      if f["grade"] == "error"] and time.monotonic() < end:
    time.sleep(0.05)
says("somebody else's socket", "agent", "error", PLACE, 1)
os.kill(child, 9)
os.waitpid(child, 0)
squat.close()
os.unlink(PLACE)
conf(agent_socket=PLACE)
says("nobody listens", "agent", "note", "no agent listens", 0)
conf(agent_socket="none")
says("nobody shall listen", "agent", "note", "no agent listens by these", 0)
conf(agent_program="/usr/bin/no-agent")
says("no program", "agent", "error", "/usr/bin/no-agent", 1)
conf(state_folder="/run/userkey/nowhere")
says("no folder for counts", "agent", "warning", "'state_folder'", 0)
conf(state_folder="/run/userkey")
says("another's folder for counts", "agent", "warning", "'state_folder'", 0)
conf()

# --- stacks, sshd, modes, as they are on the machine
sudo_stack = pathlib.Path("/etc/pam.d/sudo")
before = sudo_stack.read_text()
sudo_stack.write_text("auth [success=done default=ignore] pam_userkey.so\n"
                      "auth required pam_permit.so\n"
                      + before.replace("auth     include   userkey", ""))
says("sudo for everybody", "pam", "error",
     "sudo: a key that is refused gets in", 1)
came = world.sudo(STRANGER)
ok(world.let_in(came, "root"), "and it is so: a strange key has sudo", came)
sudo_stack.write_text(before)
sshd_conf = pathlib.Path("/etc/ssh/sshd_config")
before = sshd_conf.read_text()
sshd_conf.write_text(before.replace("UsePAM yes", "UsePAM no"))
says("UsePAM no", "sshd", "error", "sshd does not ask PAM", 1)
sshd_conf.write_text(before + "LoginGraceTime 4\n")
says("LoginGraceTime", "sshd", "error", "ends a login after 4 s", 1)
sshd_conf.write_text(before)
os.chmod(world.USERS, 0o664)
says("modes", "settings", "error", "/etc/userkey/users' has mode 0664", 1)

# --- what --fix does: nothing that others wrote becomes root's by it
HOUSE = world.CONF.parent
EVIL = 65534
CONF_TEXT = world.CONF.read_text()
NEW = HOUSE / "client.key"


def fix(name, grade, words, status, *more):
    return says(f"{name}, --fix", "settings", grade, words, status,
                ["--fix", *more])


def like(path):
    st = os.lstat(path)
    return oct(st.st_mode & 0o7777), st.st_uid


def evil_writes(path, text, mode=None):
    """As somebody else would who may."""
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(EVIL)
        os.setuid(EVIL)
        with open(path, "w") as file:
            file.write(text)
        if mode is not None:
            os.chmod(path, mode)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


text = world.USERS.read_text()
os.chmod(world.USERS, 0o666)
kept = open(world.USERS, "a")
fix("a file that others could write", "error",
    "/etc/userkey/users' had mode 0666, and others could write it", 1)
same(like(world.USERS), ("0o644", 0), "and it is mended")
kept.write("bob id:666666666666666666666666\n")
kept.close()
same(world.USERS.read_text(), text,
     "who had it open does not write into what is believed")
says("and afterwards", "settings", "ok", "can be believed", 0)

NEW.write_text("x")
with open(world.CONF, "a") as file:
    file.write(f"client_key = {NEW}\nclient_certificate = {world.USERS}\n")
os.chmod(NEW, 0o640)
fix("a key that others could read", "warning", "others could read it", None)
same(like(NEW), ("0o600", 0), "and it is mended")
for mode, after in ((0o4755, "0o4755"), (0o6777, "0o644"), (0o2775, "0o644")):
    os.chmod(world.USERS, mode)
    doctor("--fix")
    same(like(world.USERS), (after, 0),
         f"--fix: no bit of a program is given on: mode {mode:o}")
second = world.USERS.with_name("second")
os.link(world.USERS, second)
os.chmod(world.USERS, 0o666)
doctor("--fix")
same(like(world.USERS), ("0o666", 0), "--fix: not what has two names")
second.unlink()
os.chmod(world.USERS, 0o644)
os.chmod(world.USERS, 0o644)
os.chown(NEW, EVIL, EVIL)
for mode in (0o600, 0o666, 0o4775, 0o6777):
    ok(evil_writes(NEW, "#!/bin/sh\n", mode), "(somebody writes it)")
    found = fix(f"somebody's file of mode {mode:o}", "error",
                f"'{NEW}' belongs to uid {EVIL}, not to root", 1)
    same(like(NEW), (oct(mode), EVIL),
         f"--fix: somebody's file of mode {mode:o} stays somebody's")
ok(any("(who wrote it?), then: install -o root -m 0600 COPY" in f["mend"]
       for f in found), "and what to do is said", *found)
NEW.unlink()

# A folder of somebody else, with links to what they want to be changed.
out = pathlib.Path("/etc/userkey-lab")
out.mkdir()
(out / "data").write_text("x")
os.chmod(out / "data", 0o666)
(HOUSE / "x").symlink_to(out)
(HOUSE / "data").symlink_to(out / "data")
os.link(out / "data", HOUSE / "second")
for name in ("x/data", "data", "second"):
    world.CONF.write_text(CONF_TEXT + f"client_key = {HOUSE}/{name}\n"
                          f"client_certificate = {HOUSE}/{name}\n")
    doctor("--fix")
    same(like(out / "data"), ("0o666", 0), f"--fix: '{name}' leads nowhere")
os.chown(out / "data", EVIL, -1)
for path in (HOUSE, world.CONF):
    os.chown(path, EVIL, -1)
(HOUSE / "second").unlink()
for name in ("x/data", "data"):
    world.CONF.write_text(CONF_TEXT + f"ca_file = {HOUSE}/{name}\n"
                          f"allow_root = yes\n")
    doctor("--fix")
    same([like(path)[1] for path in (HOUSE, world.CONF, out / "data")],
         [EVIL] * 3, f"--fix: no owner is changed ({name})")
came = tool("explain", "root", "--json")
same(json.loads(came.out)["result"], "misconfigured",
     "and what somebody wrote lets in nobody")
for path in (HOUSE, world.CONF):
    os.chown(path, 0, -1)
(HOUSE / "x").unlink()
(HOUSE / "data").unlink()
shutil.rmtree(out)
world.CONF.write_text(CONF_TEXT)

# Folders.
os.chmod(HOUSE, 0o2777)
fix("a folder that others could write", "error",
    "'/etc/userkey' had mode 2777", 1)
same(like(HOUSE), ("0o755", 0), "and it is mended")
os.chmod(HOUSE, 0o1777)
fix("a sticky folder", "error", "is sticky", 1)
same(like(HOUSE), ("0o1777", 0), "and it stays")
os.chmod(HOUSE, 0o755)
shared = pathlib.Path("/run/userkey/shared")
shared.mkdir()
os.chmod(shared, 0o1777)
shutil.copy(world.CONF, shared / "userkey.conf")
os.chmod(shared / "userkey.conf", 0o666)
came = tool("doctor", "--fix", "--conf", str(shared / "userkey.conf"))
ok(came.status == 2 and "only for settings in '/etc/userkey'" in came.err,
   "--fix: not with settings elsewhere", came)
came = tool("doctor", "--fix", "--root", "/run")
ok(came.status == 2 and "not together with --root" in came.err,
   "--fix: not with another system", came)
same([like(shared), like(shared / "userkey.conf")],
     [("0o1777", 0), ("0o666", 0)], "and nothing was changed")
shutil.rmtree(shared)
os.chmod(world.USERS, 0o664)
says("not as somebody else", "settings", "error", "can be mended by root only",
     1, ["--fix"], **as_user("alice"))
same(like(world.USERS), ("0o664", 0), "and it stays")
os.chmod(world.USERS, 0o644)
status, found = doctor()
same((status, [f for f in found if f["grade"] in ("warning", "error")]),
     (0, []), "doctor: nothing is wrong after all that")

# --- without root
os.chmod(world.CONF, 0o600)
says("settings unseen", "settings", "unseen", "/etc/userkey/userkey.conf",
     None, **as_user("alice"))
os.chmod(world.CONF, 0o644)
says("sudoers unseen", "sudo", "unseen", "sudoers", 0, **as_user("alice"))
shutil.copy(sshd_conf, LAB / "sshd_config")

# --- explain: the same as a login
def explain(user, *argv, text=""):
    came = tool("explain", user, "--json", *argv, text=text)
    return came.status, json.loads(came.out)


def rule_of(answer):
    by = answer.get("decided_by", {})
    return by.get("rule"), by.get("file", ""), by.get("line", 0)


USERS = str(world.USERS)
CONF = str(world.CONF)
LAST = len(world.BASE) + 1  # the line of a change
LOW = next(line.split(":") for line in open("/etc/passwd")
           if line.startswith("lowly:"))
users(MAP + f"lowly id:{UK['UK_USER_ID']}\nroot id:{UK['UK_USER_ID']}\n"
      "mallory email:somebody@example.org\n")
for user, settings, result, by in (
        ("alice", {}, "key-decides", ("line", USERS, 1)),
        ("bob", {}, "not-mapped", ("no_line", "", 0)),
        ("bob", {"email_domain": "example.com"}, "key-decides",
         ("email_domain", CONF, LAST)),
        ("root", {}, "not-allowed", ("root", "", 0)),
        ("root", {"allow_root": "no"}, "not-allowed", ("root", CONF, LAST)),
        ("root", {"allow_root": "yes"}, "key-decides", ("line", USERS, 3)),
        ("lowly", {}, "not-allowed", ("min_uid", "", 0)),
        ("lowly", {"min_uid": "999"}, "not-allowed", ("min_uid", CONF, LAST)),
        ("alice", {"min_uid": "1001"}, "not-allowed", ("min_uid", CONF, LAST)),
        ("nobody-there", {}, "unknown-user", ("exists", "", 0)),
        ("john.doe", {}, "unknown-user", ("name", "", 0))):
    conf(**settings)
    what = f"explain {user} {settings or ''}".strip()
    status, answer = explain(user, "--service", "su")
    same((answer["result"], rule_of(answer)), (result, by), f"{what}: {result}")
    same(status, 0 if result == "key-decides" else 5, f"{what}: the status")
    asked = [s for s in answer["steps"] if s["result"] != "note"]
    order, rules = zip(*((s["result"], s["rule"]) for s in asked))
    order = list(order)
    at = order.index("decides")
    same(order, [{"line": "none"}.get(rule, "passes") for rule in rules[:at]]
         + ["decides"]
         + ["not asked"] * (len(order) - at - 1),
         f"{what}: no rule is asked behind the one that decides")
    status, keyed = explain(user, "--service", "su", "--with-key",
                            text=KEY + "\n")
    same(keyed["decided_by"], answer["decided_by"],
         f"{what}: the key changes nothing about the rules")
    log = Syslog()
    came = su(user, KEY)
    lines = log.module()
    if user not in ("nobody-there", "john.doe"):  # su does not come to PAM
        word = lines[0].split()[0] if lines else None
        same(keyed["with_key"]["result"], word,
             f"{what}: a login gets the same", came, *lines)
conf()
users()

status, answer = explain("alice", "--with-key", text=STRANGER + "\n")
same((status, answer["with_key"]["result"], answer["with_key"]["pam"]),
     (5, "refused", "PAM_AUTH_ERR"), "explain with a key that is none of ours")
status, answer = explain("alice", "--with-key", text="x\n")
same((status, answer["with_key"]["asked"]), (5, False),
     "explain with what is no key: nothing is sent")
conf(failed_logins_per_source="2")
for _ in range(4):
    status, answer = explain("alice", "--with-key", "--rhost", "192.0.2.7",
                             text=STRANGER + "\n")
same((answer["with_key"]["result"], answer["with_key"]["pam"]),
     ("throttled", "PAM_MAXTRIES"), "explain --rhost: its tries are counted")
ok(answer["with_key"]["retry_after"] > 0, "and how long it waits is said")
conf(offline_grace="1h", offline_services="sshd")
notes = [next(s["why"] for s in explain("alice", "--service", service)[1][
    "steps"] if s["rule"] == "offline_grace") for service in ("sshd", "sudo")]
ok("lets in" in notes[0] and "no key lets in" in notes[1],
   "explain --service: whether an outage has grace", *notes)
conf()
with open("/etc/passwd", "a") as passwd:
    passwd.write("john.doe:x:1010:1010::/:/bin/sh\n")
with open("/etc/shadow", "a") as shadow:
    shadow.write("john.doe:*:19000:0:99999:7:::\n")
status, answer = explain("john.doe", "--service", "su")
why = next(s["why"] for s in answer["steps"] if s["rule"] == "account")
ok(status == 5 and rule_of(answer)[0] == "name" and "PAM_IGNORE" in why,
   "explain an account whose name is none for keys", answer)
log = Syslog()
came = run(["su", "john.doe", "-c", "id -un"])
ok(world.let_in(came, "john.doe"), "and root becomes it all the same", came,
   *log.module("account"))
for service, words in (("sshd", "let in"), ("cron", "has no pam_userkey")):
    why = next(s["why"] for s in explain("alice", "--service", service)[1][
        "steps"] if s["rule"] == "stack")
    ok(words in why, f"explain --service {service}: what its stack makes of it",
       why)
conf(app_id="a b")
status, answer = explain("alice")
same((status, answer["result"], answer["pam"], rule_of(answer)[0]),
     (1, "misconfigured", "PAM_SERVICE_ERR", "settings"),
     "explain with broken settings")
conf()
world.CONF.chmod(0o644)
came = tool("explain", KEY)
ok(came.status == 2 and KEY not in came.out + came.err,
   "explain with a key for a name: not repeated", came.status)

# --- what confines programs here, written by hand


@contextlib.contextmanager
def kernel_says(folder, files):
    """A folder of /sys has these files and no others, for this test alone."""
    assert run(["mount", "-t", "tmpfs", "none", folder]).status == 0
    for name, text in files.items():
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600 if name.endswith("profiles") else 0o644)
    try:
        yield
    finally:
        run(["umount", folder])


conf()
for folder, files, grade, words in (
        ("/sys/fs", {}, "ok", "SELinux is not on"),
        ("/sys/fs", {"selinux/enforce": "1"}, "note", "SELinux enforces its"),
        ("/sys/fs", {"selinux/enforce": "0"}, "note", "SELinux is permissive"),
        ("/sys/module", {}, "ok", "AppArmor is not on"),
        ("/sys/module", {"apparmor/parameters/enabled": "N\n"}, "ok",
         "AppArmor is not on")):
    with kernel_says(folder, files):
        says(f"{folder} {files}", "confinement", grade, words, 0)
OURS = "/usr/libexec/userkey/userkey-agent"
with kernel_says("/sys/module", {"apparmor/parameters/enabled": "Y\n"}):
    for profiles, grade, words in (
            ("", "note", "AppArmor is on, without a profile for the agent"),
            ("/usr/bin/man (enforce)\n", "note", "without a profile"),
            (f"a (enforce)\n{OURS} (complain)\nb (enforce)\n", "note",
             "AppArmor only complains about the agent"),
            (f"a (complain)\n{OURS} (enforce)\nb (complain)\n", "ok",
             "AppArmor confines the agent"),
            ("userkey-agent (enforce)", "ok", "AppArmor confines the agent")):
        with kernel_says("/sys/kernel",
                         {"security/apparmor/profiles": profiles}):
            says(f"profiles {profiles!r}", "confinement", grade, words, 0)
    with kernel_says("/sys/kernel", {"security/apparmor/profiles": OURS}):
        found = doctor(**as_user("alice"))[1]
        ok(any("which profiles AppArmor has" in f["what"] and
               f["grade"] not in ("ok", "error") for f in found),
           "doctor, as a user: which profiles there are cannot be seen",
           *found)

# --- as a person sees it
came = pty_run([UK["UK_BIN"] + "/userkey", "explain", "bob"], [])
ok(re.search(r"^RULE +RESULT +FROM +WHY *$", came.out, re.M)
   and re.search(r"^no_line +decides +no line for 'bob'", came.out, re.M)
   and re.search(r"^PAM +PAM_AUTH_ERR", came.out, re.M),
   "explain on a terminal: a table", came)
came = pty_run([UK["UK_BIN"] + "/userkey", "explain", "alice", "--with-key"],
               [("User API key: ", KEY)])
ok(re.search(r"^line +decides +/etc/userkey/users:1 +it has a line", came.out,
             re.M) and re.search(r"^result +granted", came.out, re.M)
   and KEY not in came.out, "explain --with-key on a terminal: asks, and says",
   came)

world.done()
