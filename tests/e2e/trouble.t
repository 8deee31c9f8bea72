#!/usr/bin/python3 -B
"""Whatever is wrong with the service, the network or our own files: the login
is refused in time, and one line says what it was."""

import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import world
from world import (CONF, KEY, LAB, MAP, SLACK, Syslog, UK, USERS, conf,
                   let_in, ok, processes, run, same, sink_for, ssh, su, sudo,
                   users, wait_for)

world.enter(__file__)


def refused(what, word, within, go=lambda: su("alice", KEY)):
    """Refused, with the word in the log, in time.  The line."""
    for _ in range(5):
        log = Syslog()
        came = go()
        lines = log.module()
        # An agent tells where the time went a quarter of a second before the
        # module gives it up; that it gets to it is up to the machine.
        if not any(line.startswith("timeout:agent") for line in lines) \
                or word == "timeout:agent":
            break
    ok(came.status != 0 and came.status != "hung" and came.out == "",
       f"{what}: refused", came)
    same(len(lines), 1, f"{what}: one line", *lines)
    line = lines[0] if lines else ""
    ok(re.match(word + "( |$)", line), f"{what}: the line says {word}", line)
    said = line.partition("ms: ")[2]
    ok(re.search(r"'[a-z_]+'|\.pem|:\d+:|service's machine|"
                 + re.escape(str(world.CONF.parent)), said),
       f"{what}: the line says what to look at", line)
    ok(came.seconds < within + SLACK, f"{what}: within {within} s", came)
    return line


# --- nobody there, nobody speaks, nobody ends
with sink_for() as sink:
    sink.close()
    for door, go in {"su": lambda: su("alice", KEY),
                     "sudo": lambda: sudo(KEY),
                     "ssh": lambda: ssh("alice", KEY)}.items():
        refused(f"service down, {door}", "unreachable", 1, go)
conf(service_url=f"https://127.0.0.1:{sink.port} {UK['UK_URL']}")
ok(let_in(su("alice", KEY)), "service down, a second one is there: let in")

# Enough time for the agent to be the one that says where it went.
with sink_for(timeout="3s"):
    refused("service accepts and is silent", "timeout:tls", 3)
    log = Syslog()
    came = ssh("alice", KEY, "password")
    ok(came.status != 0 and came.seconds < 3 + SLACK, "the same by ssh", came)


def drip(peer):
    """A TLS server that never comes to an end."""
    try:
        with server_tls("server").wrap_socket(peer, server_side=True) as tls:
            tls.recv(4096)
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json"
                        b"\r\nContent-Length: 4096\r\n\r\n{")
            while True:
                tls.sendall(b" ")
                time.sleep(0.1)
    except OSError:
        pass


def server_tls(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LAB / f"{name}.pem", LAB / f"{name}.key")
    return context


with sink_for(drip, timeout="3s"):
    refused("service drips", "timeout:answer", 3)

os.kill(int(UK["UK_SERVER_PID"]), signal.SIGSTOP)
conf(timeout="3s")
refused("service stopped", "timeout:tls", 3)
threading.Timer(0.5, os.kill, (int(UK["UK_SERVER_PID"]),
                               signal.SIGCONT)).start()
conf(timeout="10s")
ok(let_in(su("alice", KEY)), "service slow but in time: let in")
conf()

# --- names: a resolver that swallows every question
hole = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
hole.bind(("127.0.0.153", 53))
resolv = pathlib.Path("/etc/resolv.conf")
before = resolv.read_text()
resolv.write_text("nameserver 127.0.0.153\nnameserver 127.0.0.153\n"
                  "nameserver 127.0.0.153\noptions timeout:5 attempts:3\n"
                  "search a.example b.example\n")
conf(service_url="https://auth.example.org:8443", timeout="3s")
refused("DNS black hole", "timeout:resolve", 3)
ok(hole.recv(512), "(the black hole was asked)")
came = su("alice", UK["UK_UNIX_PASSWORD"])
ok(let_in(came), "DNS black hole: the way back in", came)
wait_for(lambda: not processes("userkey-agent"))
same(processes("userkey-agent"), [], "and no agent is left waiting")
resolv.write_text(before)
hole.close()
conf(service_url="https://auth.invalid:8443", timeout="5s")
refused("a name that is none", "(unreachable|timeout:resolve)", 5)

# --- who the other side is
EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*argv, text=""):
    made = run(["openssl", *argv], text, env={"HOME": "/"})
    assert made.status == 0, str(made)


def certificate(name, san, ca="ca", days=30):
    """NAME.pem and NAME.key in the lab, from one of its CAs."""
    openssl("req", *EC, "-subj", "/CN=localhost", "-keyout",
            f"{LAB}/{name}.key", "-out", f"{LAB}/{name}.csr")
    (LAB / "ext").write_text(san and f"subjectAltName={san}")
    openssl("x509", "-req", "-days", str(days), "-in", f"{LAB}/{name}.csr",
            "-CA", f"{LAB}/{ca}.pem", "-CAkey", f"{LAB}/{ca}.key",
            "-set_serial", str(os.getpid() + len(name)),
            "-extfile", str(LAB / "ext"), "-out", f"{LAB}/{name}.pem")


def impostor(name, **changes):
    """A server with that certificate in the place of ours, which says yes."""
    def talk(peer):
        try:
            with server_tls(name).wrap_socket(peer, server_side=True) as tls:
                heard.append(tls.recv(4096))
        except OSError:
            pass
    heard = []
    with sink_for(talk, **changes):
        line = refused(name, "tls", 3)
    same(b"".join(heard), b"", f"{name}: the key was not sent")
    return line


HERE = "IP:127.0.0.1,DNS:localhost"
openssl("req", "-x509", *EC, "-days", "30", "-subj", "/CN=other CA",
        "-keyout", f"{LAB}/otherca.key", "-out", f"{LAB}/otherca.pem")
certificate("expired", HERE, days=-1)
certificate("other-ca", HERE, ca="otherca")
certificate("other-name", "DNS:other.example.com,IP:127.0.0.2")
certificate("no-name", "")
openssl("req", "-x509", *EC, "-days", "30", "-subj", "/CN=127.0.0.1",
        "-addext", "subjectAltName=IP:127.0.0.1",
        "-keyout", f"{LAB}/self-signed.key", "-out", f"{LAB}/self-signed.pem")
SAYS = {"expired": "expired; put a new one in its place on the service's",
        "other-ca": "set 'ca_file' to the file of its CA",
        "other-name": "set 'service_url' to the name that the certificate is",
        "no-name": "set 'service_url' to the name",
        "self-signed": "set 'ca_file' to it"}
for name, words in SAYS.items():
    line = impostor(name)
    ok(words in line, f"{name}: the line says what to do", line)

# The CA of ca_file is the only one: what the system trusts does not count.
shutil.copy(LAB / "otherca.pem", "/etc/ssl/certs")
subprocess.run(["openssl", "rehash", "/etc/ssl/certs"], capture_output=True)
bundle = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
with bundle.open("a") as file:
    file.write((LAB / "otherca.pem").read_text())
impostor("other-ca")
conf(ca_file=None)
refused("a private CA that ca_file does not name", "tls", 5)

# A pin holds beside the CA.
pem = run(["sh", "-c", "openssl x509 -in $0 -pubkey -noout | openssl pkey "
           "-pubin -outform der | openssl dgst -sha256 -binary | "
           "openssl base64", str(LAB / "server.pem")]).out.strip()
conf(pinned_public_key="sha256//" + pem)
ok(let_in(su("alice", KEY)), "the pin of this key: let in")
certificate("another-key", HERE)
impostor("another-key", pinned_public_key="sha256//" + pem)

# --- the service is right, and does not know us
conf(app_id="0123456789abcdef01234567")
refused("no such app", "bad-answer", 5)

# --- our own files: each mistake, and what the line must name
TAIL = f"app_id = {UK['UK_APP']}\nca_file = {UK['UK_CA']}\n"
HEAD = f"service_url = {UK['UK_URL']}\n"
MISTAKES = {
    "an unknown name": (HEAD + TAIL + "sevice = x\n", ":4:", "'sevice'"),
    "a name in capitals": (HEAD + TAIL + "Timeout = 5s\n", ":4:", "Timeout"),
    "a name twice": (HEAD + TAIL + HEAD, ":4:", "service_url"),
    "no value": (HEAD + TAIL + "timeout =\n", ":4:", "timeout"),
    "no equals sign": (HEAD + TAIL + "\n# more\nallow_root yes\n", ":6:", ""),
    "a bad time": (HEAD + TAIL + "timeout = soon\n", ":4:", "timeout"),
    "a time out of range": (HEAD + TAIL + "timeout = 31s\n", ":4:", "30s"),
    "a bad number": (HEAD + TAIL + "min_uid = -1\n", ":4:", "min_uid"),
    "a bad choice": (HEAD + TAIL + "session = forever\n", ":4:", "keep"),
    "a bad yes": (HEAD + TAIL + "allow_root = true\n", ":4:", "yes"),
    "a relative path": (HEAD + TAIL + "users_file = users\n", ":4:",
                        "users_file"),
    "plain http": (HEAD.replace("https", "http") + TAIL, ":1:", "https"),
    "http elsewhere": ("service_url = http://192.0.2.1\ninsecure_http = yes\n"
                       + TAIL, ":1:", "loopback"),
    "no service": (TAIL, "", "service_url"),
    "no app": (HEAD, "", "app_id"),
    "a NUL": (HEAD + TAIL + "\0", "", ""),
    "an empty file": ("", "", ""),
    "a file too long": (HEAD + TAIL + "#" * 70000, "", ""),
}
for what, (text, place, name) in MISTAKES.items():
    CONF.write_text(text)
    line = refused(what, "misconfigured", 1)
    ok(str(CONF) in line and place in line and name in line,
       f"{what}: the line names file, line and setting", line)
conf()

USER_MISTAKES = {
    "an account that is no name": ("alice! id:abc\n", ":1:"),
    "an identity of no kind": (MAP + "bob uid:1\n", ":2:"),
    "an account alone": (MAP + "# x\nbob\n", ":3:"),
    "an account twice": (MAP + MAP, ":2:"),
    "an id that is none": ("alice id:a b\n", ":1:"),
    "an empty id": ("alice id:\n", ":1:"),
    "an address that is none": ("alice email:alice\n", ":1:"),
    "a control character": ("alice id:abc\x07\n", ":1:"),
}
for what, (text, place) in USER_MISTAKES.items():
    users(text)
    line = refused(f"users: {what}", "misconfigured", 1)
    ok(str(USERS) in line and place in line,
       f"users: {what}: the line names file and line", line)
users()

# --- who else could write there, or read what is secret


def spoilt(what, path, spoil, mend, word="misconfigured", name=None):
    spoil()
    line = refused(what, word, 1)
    ok(str(name or path) in line, f"{what}: the line names it", line)
    mend()


for path in (CONF, USERS, pathlib.Path(UK["UK_CA"]),
             pathlib.Path(UK["UK_BIN"]) / "userkey-agent"):
    mode = path.stat().st_mode & 0o777
    spoilt(f"{path.name} is group-writable", path,
           lambda: path.chmod(mode | 0o020), lambda: path.chmod(mode))
    spoilt(f"{path.name} is writable by all", path,
           lambda: path.chmod(mode | 0o002), lambda: path.chmod(mode))
    spoilt(f"{path.name} is not root's", path,
           lambda: os.chown(path, 1002, 0), lambda: os.chown(path, 0, 0))
    aside = path.with_suffix(".aside")
    spoilt(f"{path.name} is gone", path, lambda: path.rename(aside),
           lambda: aside.rename(path),
           # As in the middle of an upgrade: there is an agent, but not now.
           "unreachable" if path.name == "userkey-agent" else "misconfigured")

    def link():
        path.rename(aside)
        path.symlink_to(aside)

    def unlink():
        path.unlink()
        aside.rename(path)
    spoilt(f"{path.name} is a symbolic link", path, link, unlink)

    def folder():
        path.rename(aside)
        path.mkdir()

    def unfolder():
        path.rmdir()
        aside.rename(path)
    spoilt(f"{path.name} is a folder", path, folder, unfolder)
spoilt("the settings' folder is writable by all", CONF,
       lambda: CONF.parent.chmod(0o777), lambda: CONF.parent.chmod(0o755),
       name=CONF.parent)
spoilt("the settings' folder is mallory's", CONF,
       lambda: os.chown(CONF.parent, 1002, 0),
       lambda: os.chown(CONF.parent, 0, 0), name=CONF.parent)
(LAB / "bad.pem").write_text("not a certificate\n")
conf(ca_file=LAB / "bad.pem")
line = refused("a CA file with nothing in it", "(misconfigured|tls)", 5)
ok("bad.pem" in line, "and it is named", line)

# An agent that is none.
AGENTS = {
    "exits at once": ("#!/bin/sh\nexit 0\n", "unreachable"),
    "crashes": ("#!/bin/sh\nkill -SEGV $$\n", "unreachable"),
    "is not a program": ("\0\1\2\3", "unreachable"),
    # Who answers without having heard the question has only hung up.
    "talks nonsense": ("#!/bin/sh\ndd bs=40000 count=1 <&3 >/dev/null\n"
                       "echo granted >&3\n", "bad-answer"),
    "hangs": ("#!/bin/sh\nexec sleep 60\n", "timeout:agent"),
}
for what, (program, word) in AGENTS.items():
    fake = LAB / "bin/fake-agent"
    fake.write_text(program)
    fake.chmod(0o755)
    conf(agent_program=fake, connect_early="no",
         **({"timeout": "1s"} if what == "hangs" else {}))
    refused(f"an agent that {what}", word, 1)
wait_for(lambda: not processes("sleep 60"))
same(processes("sleep 60"), [], "the one that hangs is not left behind")
conf()
ok(let_in(su("alice", KEY)), "all is well again")

# --- the example that administrators copy: its defaults are the defaults
example = (world.ROOT / "conf/userkey.conf").read_text()
named = re.findall(r"^#?([a-z_]+) =", example, re.M)
man = (world.ROOT / "man/userkey.conf.5").read_text()
same(sorted(named), sorted(re.findall(r"^\.It Ic ([a-z_]+)$", man, re.M)),
     "the example and the manual name the same settings")
HERE_ONLY = ("ca_file", "client_certificate", "client_key", "proxy",
             "pinned_public_key", "email_domain", "agent_program")
text = "".join(
    line[1:] if re.match(r"#[a-z_]+ =", line)
    and not line[1:].startswith(HERE_ONLY) else line
    for line in example.splitlines(keepends=True))
for name, value in world.BASE.items():
    if name == "timeout":
        continue
    text = re.sub(rf"^#?{name} =.*$", f"{name} = {value}", text, flags=re.M)
CONF.write_text(text)
came = su("alice", KEY)
ok(let_in(came), "the example, with its defaults written out, works", came)
conf()

world.done()
