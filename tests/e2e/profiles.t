#!/usr/bin/python3 -B
"""The AppArmor profiles against what agent and service do: each file, socket
and family of addresses of a whole life is one that the profile gives, and the
agent needs no capability beyond those in it."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import world
from world import KEY, LAB, ROOT, UK, conf, let_in, ok, same, skip, ssh, su

world.enter(__file__)
for program in ("strace", "apparmor_parser", "setpriv"):
    if shutil.which(program) is None:
        skip("the profiles", f"{program} is not here")
        world.done()

from profile import Profile  # noqa: E402 (it needs the parser)

AGENT = "/usr/libexec/userkey/userkey-agent"
STATE = pathlib.Path("/var/lib/userkey-agent")
DATA = pathlib.Path("/var/lib/userkey")
CALLS = ("%file,mmap,socket,connect,bind,sendto,sendmsg,flock,fcntl,fchmod,"
         "fchown,ftruncate,setresuid")
USER = next(line.split(":") for line in open("/etc/passwd")
            if line.startswith("_userkey:"))


def profile(name):
    text = (ROOT / "conf/apparmor" / name).read_text()
    copy = LAB / name
    copy.write_text(text.replace("@SBINDIR@", "/usr/sbin"))
    return Profile(str(copy))


# --- what a trace says

QUOTED = r'"((?:[^"\\]|\\.)*)"'
DONE = re.compile(r"^(\w+)\((.*)\) += (\d+)(?:<(.*)>)?(?: \(.*\))?$")
PLACE = re.compile(r"(?:AT_FDCWD|\d+)(?:<([^>]*)>)?, " + QUOTED)
WRITES = {"unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir",
          "mkdirat", "chmod", "fchmodat", "chown", "fchownat", "truncate",
          "link", "linkat", "symlink", "mknod", "mknodat", "utimensat"}
LOCKS = re.compile(r"F_(OFD_)?SETLKW?\b")


def path_of(folder, name):
    name = re.sub(r"\\x([0-9a-f]{2})", lambda x: chr(int(x[1], 16)), name)
    return os.path.normpath(os.path.join(folder or "/", name))


def named(words):
    """The paths that a call names: (folder, name), or a name alone."""
    found = [path_of(*place) for place in PLACE.findall(words)]
    return found or [path_of("/", name) for name in re.findall(QUOTED, words)]


def needs(call, words, path):
    """(path, letters) that AppArmor would have been asked for."""
    if call in ("open", "openat") and path and "O_PATH" not in words:
        letters = {"O_WRONLY": "w", "O_RDWR": "rw"}.get(
            re.search("O_(?:RDONLY|WRONLY|RDWR)", words).group(0), "r")
        if "O_CREAT" in words or "O_TRUNC" in words:
            letters += "w"
        is_folder = "O_DIRECTORY" in words or os.path.isdir(path)
        yield path + ("/" if is_folder and path != "/" else ""), letters
    elif call == "execve":
        yield re.search(QUOTED, words).group(1), "x"
    elif call == "mmap" and "PROT_EXEC" in words:
        for file in re.findall(r"\d+<(/[^>]*)>", words):
            yield file, "m"
    elif call in WRITES:
        for file in named(words):
            yield file + ("/" if call.startswith("mkdir") else ""), "w"
    elif call in ("fchmod", "fchown", "ftruncate", "flock") \
            or call == "fcntl" and LOCKS.search(words):
        for file in re.findall(r"^\d+<(/[^>]*)>", words):
            yield file, "k" if call in ("flock", "fcntl") else "w"
    else:
        for file in re.findall(r'sun_path="(/[^"]*)"', words):
            yield file, "rw" if call == "connect" else "w"


def is_owner(path, uid):
    try:
        return os.stat(path).st_uid == uid
    except OSError:  # it has gone meanwhile, as its owner's files do
        return uid != 0 and path.startswith(("/var/lib/", "/run/userkey/"))


def beyond(rules, traces, program, uid):
    """What the program did that its profile does not give."""
    found, seen = set(), set()
    for trace in sorted(traces):
        text = trace.read_text(errors="surrogateescape")
        start = text.find(f'execve("{program}"')
        if start >= 0:
            text = text[text.index("\n", start) + 1:]
        elif "execve(" in text:
            continue  # what the test put in front
        now = 0 if uid == int(USER[2]) and "setresuid(" in text else uid
        for line in text.splitlines():
            done = DONE.match(line.split(" ", 1)[-1] if line[:1].isdigit()
                              else line)
            if not done:
                continue
            call, words, _, path = done.groups()
            if call == "setresuid" and not words.startswith("-1"):
                now = int(words.split(",")[0])
            if call == "socket":
                family = re.match(r"AF_(\w+), SOCK_(\w+)", words).groups()
                word = " ".join(family).lower()
                seen.add(word)
                if family[0] != "UNIX" and word not in rules.words("network"):
                    found.add(f"network {word}")
            for file, letters in needs(call, words, path):
                file = file.replace(" (deleted)", "")
                if not file.startswith("/") or "/memfd:" in file:
                    continue
                seen.add(file)
                shown = SHOWN.get(file, file)
                lacks = rules.lacks(shown, letters, is_owner(file, now))
                if lacks:
                    found.add(f"{shown} {lacks} ({call})")
    return found, seen


SHOWN = {UK["UK_BIN"] + "/userkey-server": "/usr/sbin/userkey-server"}


def strace(name):
    return ["strace", "-D", "-ff", "-y", "-qq", "-s", "300", "-o",
            str(LAB / "traces" / name), "-e", f"trace={CALLS}", "-e",
            "signal=none"]


def limited(capabilities):
    return ["setpriv", "--bounding-set",
            ",".join(["-all", *("+" + one for one in capabilities)])]


def traces(name):
    return list((LAB / "traces").glob(name + ".*"))


def soon(what):
    return world.wait_for(what, 30)


# --- the places that the profiles name, of this world alone

os.mkdir(LAB / "traces", 0o777)
os.chmod(LAB / "traces", 0o777)
agent_rules = profile("usr.libexec.userkey.userkey-agent")
server_rules = profile("usr.sbin.userkey-server")
if subprocess.run(["strace", "-o", "/dev/null", "true"],
                  capture_output=True).returncode:
    skip("the profiles", "strace cannot trace here")
    world.done()
for folder in ("/usr/libexec", "/var/lib"):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "lab", folder],
                   check=True)
os.mkdir("/usr/libexec/userkey")
shutil.copy2(UK["UK_BIN"] + "/userkey-agent", AGENT)
for folder in (STATE, DATA):
    folder.mkdir(mode=0o700)
    os.chown(folder, int(USER[2]), int(USER[3]))
shutil.copy(UK["UK_CA"], "/etc/userkey/ca.pem")
world.BASE["ca_file"] = "/etc/userkey/ca.pem"

# --- (the reader of profiles reads them)
ROWS = [
    ("/etc/passwd", "r", ""), ("/etc/shadow", "r", "r"),
    ("/etc/userkey/userkey.conf", "r", ""),
    ("/etc/userkey/userkey.conf", "w", "w"),
    ("/etc/userkey/offline.key", "rw", ""), ("/bin/sh", "x", "x"),
    ("/home/alice/.ssh/id", "r", "r"), ("/var/lib/userkey-agent/x", "w", "w"),
    ("/usr/lib/x86_64-linux-gnu/libc.so.6", "rm", ""), (AGENT, "rm", ""),
    ("/proc/1/mem", "r", "r"), ("/proc/1/fd/", "r", ""),
]
same([(path, wanted, agent_rules.lacks(path, wanted))
      for path, wanted, _ in ROWS], ROWS, "(what a profile gives is known)")
same(agent_rules.lacks("/var/lib/userkey-agent/x", "rwk", True), "",
     "(and what it gives to the owner of a file)")

# --- the agent: one call
wrapper = LAB / "agent"
wrapper.write_text("#!/bin/sh\nPATH=/usr/bin:/bin exec " + " ".join(
    [*strace("one"), *limited(agent_rules.words("capability")), AGENT])
    + ' "$@"\n')
wrapper.chmod(0o755)
world.BASE["agent_program"] = str(wrapper)
world.BASE["timeout"] = "20s"
WRONG = KEY[:-1] + ("a" if KEY[-1] != "a" else "b")
conf(key_format="any")
ok(let_in(su("alice", KEY)), "one call, with no capability beyond: su")
ok(let_in(ssh("alice", KEY)), "ssh")
ok(su("alice", WRONG).status != 0, "another key does not")
conf(session="keep", connect_early="no")
ok(let_in(su("alice", KEY)), "a session that is kept, and ended")
conf(service_url="https://no-such-name.invalid")
ok(su("alice", KEY).status != 0, "a name that nobody has")
conf(offline_grace="1h", offline_services="su")
ok(let_in(su("alice", KEY)), "with 'offline_grace', which is not for it")
conf()


def check(rules, name, program, uid, wanted):
    found, seen = beyond(rules, traces(name), program, uid)
    same(sorted(found), [], f"{name}: nothing beyond the profile")
    same([one for one in wanted if one not in seen], [],
         f"({name}: what it must have done is in the trace)", *sorted(seen))


check(agent_rules, "one", AGENT, int(USER[2]),
      ["/etc/userkey/userkey.conf", "/etc/userkey/ca.pem", "inet stream",
       str(STATE / "tries")])

# --- the agent: all who come; by itself, and as its unit starts it
HERE = pathlib.Path(world.__file__).resolve().parent
unit = (ROOT / "conf/systemd/userkey-agent.service").read_text()
given = [word.removeprefix("CAP_").lower() for word in re.search(
    "^CapabilityBoundingSet=(.*)$", unit, re.M).group(1).split()]
same([word for word in given if word not in agent_rules.words("capability")],
     [], "the profile has the capabilities of the unit")
users = pathlib.Path("/etc/userkey/users")
conf(offline_grace="1h", offline_services="su", agent_program=AGENT)
for name, argv in {
        "own": [*strace("own"), *limited(agent_rules.words("capability")),
                AGENT, "--conf", world.CONF, "--listen", world.AGENT],
        "unit": [HERE / "activator.py", world.AGENT, LAB / "pids",
                 *strace("unit"), *limited(given), AGENT, "--conf",
                 world.CONF]}.items():
    said = LAB / f"{name}.log"
    agent = subprocess.Popen(argv, env={"PATH": world.PATH}, cwd="/",
                             stdin=subprocess.DEVNULL, stderr=said.open("w"),
                             stdout=subprocess.DEVNULL)
    ok(soon(world.agent_listens), f"{name}: it listens", said.read_text())
    ok(let_in(su("alice", KEY)), f"{name}: su")
    ok(let_in(ssh("alice", KEY)), f"{name}: ssh")
    ok(su("alice", WRONG).status != 0, f"{name}: another key does not")
    ok(soon((STATE / "offline").exists), f"{name}: keys are kept")
    users.write_text(users.read_text() + "# changed\n")
    os.utime(world.CONF)
    ok(let_in(su("alice", KEY)), f"{name}: files have changed: su")
    agent.terminate()
    try:
        agent.wait(20)
    except subprocess.TimeoutExpired:
        ok(False, f"{name}: it ends", said.read_text())
        agent.kill()
    check(agent_rules, name, AGENT, int(USER[2]),
          ["/etc/userkey/offline.key", str(STATE / "offline")]
          + ([world.AGENT] if name == "own" else []))
    for file in (STATE / "offline", pathlib.Path(world.AGENT)):
        file.unlink(missing_ok=True)

# --- the service, as its unit starts it: not root
tls = pathlib.Path("/etc/userkey/tls")
tls.mkdir()
for name in ("server.pem", "server.key"):
    shutil.copy(LAB / name, tls / name)
    os.chown(tls / name, int(USER[2]), int(USER[3]))
AS_USER = ["setpriv", "--reuid", USER[2], "--regid", USER[3],
           "--clear-groups"]
server = UK["UK_BIN"] + "/userkey-server"
made = subprocess.run([*AS_USER, server, "init", "--data", str(DATA), "--app",
                       "profiles"], capture_output=True, text=True)
ok(made.returncode == 0, "(a database is made)", made.stderr)
app = made.stdout.strip()
port, plain, health = (world.free_port() for _ in range(3))
config = pathlib.Path("/etc/userkey/server.conf")
config.write_text(f"""listen = 127.0.0.1:{port}
listen_http = 127.0.0.1:{plain}
listen_metrics = 127.0.0.1:{health}
tls_certificate = {tls}/server.pem
tls_key = {tls}/server.key
database = sqlite:{DATA}/userkey.db
registration = open
""")
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
os.makedirs("/run/systemd", exist_ok=True)
notify.bind("/run/systemd/notify")
os.chmod("/run/systemd/notify", 0o777)
log = LAB / "service.log"
process = subprocess.Popen(
    [*strace("service"), *AS_USER, server, "serve", "--config", str(config)],
    env={"PATH": world.PATH, "NOTIFY_SOCKET": "/run/systemd/notify"}, cwd="/",
    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log.open("w"))
ok(soon(lambda: log.read_text().count("listening on") >= 2),
   "the service listens", log.read_text())
PLACE_OF = ("--url", f"https://localhost:{port}", "--app", app, "--ca-file",
            UK["UK_CA"])


def person(*argv, text=""):
    return world.run([UK["UK_BIN"] + "/userkey", *argv], text,
                     env={"XDG_STATE_HOME": str(LAB / "person")})


os.mkdir(LAB / "person", 0o700)
added = subprocess.run([*AS_USER, server, "user", "add", "p@example.com",
                        "--password-stdin", "--config", str(config)],
                       input=UK["UK_PASSWORD"] + "\n", capture_output=True,
                       text=True)
ok(added.returncode == 0, "(a user is made)", added.stderr)
came = person("login", *PLACE_OF, "--email", "p@example.com",
              "--password-stdin", text=UK["UK_PASSWORD"] + "\n")
ok(came.status == 0, "a person logs in", came)
came = person("create", "k", "--raw")
key = world.secret(came.out.strip())
ok(len(key) == 64, "and makes a key", came)
conf(service_url=f"https://localhost:{port}", app_id=app, agent_program=AGENT)
world.users(f"alice id:{added.stdout.strip()}\n")
ok(let_in(su("alice", key)), "which logs in")
ok(person("delete", "k", "--yes").status == 0, "and is deleted")
before = log.read_text().count("\n")
process.send_signal(signal.SIGHUP)
ok(soon(lambda: log.read_text().count("\n") > before),
   "its settings are read anew", log.read_text())
with socket.create_connection(("127.0.0.1", health)) as caller:
    caller.sendall(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
    ok(b" 200 " in caller.recv(4096), "it is ready")
process.terminate()
same(process.wait(60), 0, "and ends")
check(server_rules, "service", server, int(USER[2]),
      [str(config), str(DATA / "userkey.db"), f"{tls}/server.key",
       "/run/systemd/notify"])

world.done()
