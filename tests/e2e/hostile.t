#!/usr/bin/python3 -B
"""What a caller brings along (environment, limits, signals, names) gets them
nowhere.  With debug on everywhere, so that its lines are held to the same."""

import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import world
from world import (Audit, KEY, LAB, LISTENING, PATH, SLACK, Sink, Syslog, UK, as_user,
                   conf, let_in, ok, pty_run, run, same, sink_for, skip, ssh,
                   su, sudo, wait_for)

world.enter(__file__)
MALLORY = as_user("mallory")
stack = pathlib.Path("/etc/pam.d/userkey")
stack.write_text(stack.read_text().replace("pam_userkey.so",
                                           "pam_userkey.so debug"))
world.BASE["log_level"] = "debug"
conf()
wrong = KEY[:10] + ("b" if KEY[10] == "a" else "a") + KEY[11:]
sudoers = pathlib.Path("/etc/sudoers")
sudoers_before = sudoers.read_text()

# --- variables (S-01, S-02): no file, no connection, no difference
closed = LAB / "closed"  # only root could make a file there
closed.mkdir(mode=0o700)
NAMES = """SSLKEYLOGFILE SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE CURL_HOME
    OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES GNUTLS_SYSTEM_PRIORITY_FILE
    GNUTLS_DEBUG_LEVEL LDAPCONF LDAPRC SASL_PATH SASL_CONF_PATH HOSTALIASES
    LOCPATH NLSPATH GCONV_PATH RESOLV_HOST_CONF TZ TZDIR NETRC MALLOC_TRACE
    P11_KIT_DEBUG P11_KIT_STRICT NETTLE_FAT_VERBOSE OPENSSL_ia32cap
    GNUTLS_CPUID_OVERRIDE LDAPTLS_CACERT LDAPTLS_CERT LDAPTLS_KEY KRB5_CONFIG
    KRB5CCNAME KRB5_TRACE RES_OPTIONS LOCALDOMAIN NOTIFY_SOCKET LISTEN_FDNAMES
    CREDENTIALS_DIRECTORY LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT HOME
    XDG_CONFIG_HOME TMPDIR QLOGDIR""".split()
PATHS = {name: str(closed / name) for name in NAMES}
proxy = Sink()
PROXIES = {
    **{name: f"http://127.0.0.1:{proxy.port}" for name in
       ("http_proxy", "https_proxy", "HTTPS_PROXY", "HTTP_PROXY",
        "all_proxy")},
    "ALL_PROXY": f"socks5h://127.0.0.1:{proxy.port}",
    "NO_PROXY": "nothing", "no_proxy": "",
}
EVERYTHING = {**PATHS, **PROXIES}


def hostile(argv, key, **more):
    before = os.umask(0)  # as the caller's; with it files would be anyone's
    try:
        return run(argv, key + "\n", env=EVERYTHING, **{**MALLORY, **more})
    finally:
        os.umask(before)


ALICE = as_user("alice")
DOORS = {
    "su root": (["su", "root", "-c", "id -un"], MALLORY, None),
    "su alice": (["su", "alice", "-c", "id -un"], MALLORY, "alice"),
    "sudo by a stranger": (["sudo", "-S", "id", "-un"], MALLORY, None),
    "sudoedit by a stranger": (["sudoedit", "-S", "/etc/hosts"], MALLORY,
                               None),
    "sudo": (["sudo", "-S", "id", "-un"], ALICE, "root"),
}
SUDOERS = {
    "as it is": "",
    "with env_keep": 'Defaults env_keep += "' + " ".join(EVERYTHING) + '"\n',
    "without env_reset": "Defaults !env_reset\n",
}
for how, line in SUDOERS.items():
    sudoers.write_text(sudoers_before + line)
    for door, (argv, who, expected) in DOORS.items():
        if how != "as it is" and "sudo" not in door:
            continue
        for key in (KEY, wrong):
            came = hostile(argv, key, **who)
            text = f"{door} ({how}), {'good' if key == KEY else 'bad'} key"
            if expected and key == KEY:
                ok(let_in(came, expected), f"{text}: lets in as ever", came)
            else:
                ok(came.status != 0 and came.out == "", f"{text}: refused",
                   came)
sudoers.write_text(sudoers_before.replace(
    "alice ALL=(ALL:ALL) ALL", "alice ALL=(ALL:ALL) SETENV: ALL"))
came = hostile(["sudo", "-E", "-S", "id", "-un"], KEY, **ALICE)
ok(let_in(came, "root"), "sudo -E: lets in as ever", came)
sudoers.write_text(sudoers_before)

# Programs that root has started with it: there the loader keeps them all.
ROOTS = {name: value for name, value in EVERYTHING.items()
         if not name.startswith(("LD_", "MALLOC_"))}
ROOTS.update(LISTEN_FDS="1", LISTEN_PID="1")
config = pathlib.Path("/etc/ssh/sshd_config")
hostile_config = LAB / "sshd_config"
port = world.free_port()
hostile_config.write_text(re.sub("^Port .*$", f"Port {port}",
                                 config.read_text(), flags=re.M))
sshd = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", hostile_config],
                        env={"PATH": PATH, **ROOTS}, stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                        text=True)
for line in sshd.stderr:
    if line.startswith("Server listening"):
        break
threading.Thread(target=sshd.stderr.read, daemon=True).start()
known = pathlib.Path("/etc/ssh/ssh_known_hosts")
known.write_text(known.read_text() + known.read_text().replace(
    f":{UK['UK_SSH_PORT']} ", f":{port} "))
for method in ("keyboard-interactive", "password"):
    came = ssh("alice", KEY, method, port=port)
    ok(let_in(came), f"sshd, {method}, good key: lets in as ever", came)
    came = ssh("alice", wrong, method, port=port)
    ok(came.status != 0 and came.out == "",
       f"sshd, {method}, bad key: refused", came)
sshd.terminate()
sshd.wait()
came = pty_run(["login", "-p", "alice"], [("User API key: ", KEY),
                                          ("$ ", "id -un; exit")], env=ROOTS)
ok("\nalice\n" in came.out, "login, good key: lets in as ever", came)
came = pty_run(["login", "-p", "alice"], [("User API key: ", wrong),
                                          ("assword", "")], env=ROOTS,
               watch=lambda seen: "Login incorrect" in seen)
ok("Login incorrect" in came.out, "login, bad key: refused", came)

same(list(closed.iterdir()), [], "no file was made for any variable")
same(len(proxy.seen), 0, "no proxy of the caller's was asked")

if os.path.exists("/usr/bin/strace"):
    trace = LAB / "trace"
    came = run(["strace", "-f", "-qq", "-o", str(trace), "-e",
                "trace=open,openat,stat,newfstatat,access,readlink,execve,"
                "connect", "-u", "mallory", "su", "alice", "-c", "id -un"],
               KEY + "\n", env=EVERYTHING)
    text = trace.read_text()
    ok(let_in(came), "su under strace lets in", came)
    ok(("agent.sock" if LISTENING else "userkey-agent") in text
       and "connect(" in text,
       "(the agent and its connection are in the trace)")
    # The user's own command does see the user's variables; su's does not.
    login = text.split('execve("/bin/sh"')[0]
    same([line for line in login.splitlines() if str(closed) in line
          and "execve" not in line], [],
         "no path of any variable is ever looked at")
    # Who owns a folder can put links and pipes there.
    same([line for line in login.splitlines()
          if re.search(r'open(at)?\(.*"/(home|root|tmp|var/tmp|dev/shm)/', line)
          and (str(LAB) not in line or f"{LAB}/world/home/" in line)], [],
         "and nothing in a folder of the user's or of everybody's")
    same([line for line in text.splitlines()
          if "connect(" in line and f"htons({proxy.port})" in line], [],
         "and no connection goes to the proxy")
    trace.unlink()
else:
    skip("su under strace", "strace is not here")

# --- the user's environment is left alone (S-05), and gets no secret (S-18)
KEEP = {"FOO": "keep", "https_proxy": "http://192.0.2.1:1",
        "SSLKEYLOGFILE": "/nowhere/else"}
plain = run(["su", "alice", "-c", "env"], env=KEEP).out
came = su("alice", KEY, command="env", env=KEEP)
hide = re.compile("^(XDG_|SUDO_|_=|PWD=|OLDPWD=|SHLVL=).*\n", re.M)
same(sorted(hide.sub("", came.out).split("\n")),
     sorted(hide.sub("", plain).split("\n")),
     "su's command has the variables that root's su gives it")
sudoers.write_text(sudoers_before + 'Defaults env_keep += "FOO https_proxy"\n')
came = run(["sudo", "-S", "env"], KEY + "\n", env=KEEP, **ALICE)
ok("FOO=keep\n" in came.out and "https_proxy=http://192.0.2.1:1\n" in came.out,
   "sudo's command has what env_keep says", came)
sudoers.write_text(sudoers_before)
for command in ("env", "tr '\\0' '\\n' </proc/self/environ"):
    came = ssh("alice", KEY, command=command)
    ok(came.status == 0 and not re.search("ukey|eyJ|USERKEY", came.out),
       f"no key, token or session in ssh's {command.split()[0]}", came)

# --- descriptors in the user's shell (S-11)
FDS = "for fd in /proc/$$/fd/*; do echo ${fd##*/}; done"
plain = run(["su", "alice", "-c", FDS]).out
for door, came in {
        "su": su("alice", KEY, command=FDS),
        "ssh": ssh("alice", KEY, command=FDS),
        "sudo": sudo(KEY, command=("sh", "-c", FDS))}.items():
    same(came.out, plain, f"{door}: no descriptor of ours is in the shell")

# --- limits, umask, ignored signals (S-07)
LIMITS = ["ulimit -f 0", *(f"ulimit -n {n}" for n in range(3, 9)),
          "ulimit -v 20000", "ulimit -t 1", "ulimit -u 1", "ulimit -s 256",
          "umask 000", "umask 777", "trap '' PIPE CHLD ALRM TERM INT HUP",
          "trap '' CHLD", "renice -n 19 $$ >/dev/null", "cd /proc/self",
          "exec 3<&- 4<&-", "exec 2>&-", "ulimit -c unlimited"]
for limit in LIMITS:
    script = f"{limit}; exec su alice -c 'id -un'"
    came = run(["sh", "-c", script], wrong + "\n", **MALLORY)
    ok(came.status not in (0, "hung") and came.out == "",
       f"{limit}: a bad key is refused", came)
    came = run(["sh", "-c", script], KEY + "\n", **MALLORY)
    ok(came.out == "alice\n" or (came.status not in (0, "hung")
                                 and came.out == ""),
       f"{limit}: a good key lets alice in, or is refused", came)
for flags in (["--block-signal"], ["--ignore-signal"],
              ["--block-signal=CHLD", "--ignore-signal=PIPE"]):
    argv = ["env", *flags, "su", "alice", "-c", "id -un"]
    came = run(argv, wrong + "\n", **MALLORY)
    ok(came.status not in (0, "hung") and came.out == "",
       f"{' '.join(flags)}: a bad key is refused", came)
    came = run(argv, KEY + "\n", **MALLORY)
    ok(came.out == "alice\n" or (came.status not in (0, "hung")
                                 and came.out == ""),
       f"{' '.join(flags)}: a good key lets alice in, or is refused", came)
loose = [str(path) for top in (LAB / "bin", pathlib.Path("/run/userkey"),
                               pathlib.Path("/etc/userkey"), LAB / "data")
         for path in top.rglob("*")
         if path.stat().st_mode & 0o022 and not path.is_symlink()
        and path != pathlib.Path(world.AGENT)]
same(loose, [], "no file of ours can be written by others")
same([str(path) for path in pathlib.Path("/").glob("core*")]
     + [str(path) for path in LAB.rglob("core*")
        if path.is_file() and "world/etc" not in str(path)], [],
     "no core was written")


# --- the agent, while it waits (S-06, S-12, S-13)
def agent():
    """The pid of an agent that waits for a service, or None."""
    end = time.monotonic() + world.PATIENCE
    while time.monotonic() < end:
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "comm").read_text().strip() == "userkey-agent" \
                        and "_userkey" in owner(entry):
                    return int(entry.name)
            except OSError:
                pass
        time.sleep(0.02)
    return None


def owner(entry):
    uid = re.search(r"^Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)",
                    (entry / "status").read_text(), re.M).groups()
    name = subprocess.run(["id", "-nu", uid[0]], capture_output=True,
                          text=True).stdout.strip()
    return {name} if len(set(uid)) == 1 else {"mixed"}


def start_su():
    process = subprocess.Popen(
        ["su", "alice", "-c", "id -un"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/",
        env={"PATH": PATH, **EVERYTHING}, **MALLORY)
    process.stdin.write(KEY.encode() + b"\n")
    process.stdin.close()
    process.stdin = None
    return process


def status_of(pid, name):
    found = re.search(rf"^{name}:[ \t]*(.*)$",
                      pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)
    return found and found.group(1)


def gone(pid, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if status_of(pid, "State").startswith("Z"):
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


with sink_for(timeout="20s") as sink:
    if LISTENING:  # until the one has left that had other settings
        world.ask_agent(world.AGENT, KEY, budget=300)
    process = start_su()
    pid = agent()
    ok(pid, "the agent waits for the service, as a user of its own")
    if pid:
        wait_for(lambda: status_of(pid, "Seccomp") == "2")  # locked down
        entry = pathlib.Path(f"/proc/{pid}")
        same((entry / "environ").read_bytes(), b"",
             "its environment is empty")
        ok(KEY.encode() not in (entry / "cmdline").read_bytes(),
           "its command line has no key")
        same(status_of(pid, "NoNewPrivs"), "1", "it can gain no privilege")
        same(status_of(pid, "Groups"), "", "it has no further groups")
        same({status_of(pid, f"Cap{kind}") for kind in
              ("Inh", "Prm", "Eff", "Amb")}, {"0" * 16},
             "and no capability")
        same(status_of(pid, "Umask"), "0077", "its umask is its own")
        same(os.readlink(entry / "cwd"), "/", "its folder is the root")
        ok(re.search(r"Max core file size\s+0\s+0\s",
                     (entry / "limits").read_text()), "it writes no core")
        fds = {int(fd.name): os.readlink(fd)
               for fd in (entry / "fd").iterdir()}
        says = UK["UK_AGENT_LOG"] if LISTENING else "/dev/null"
        same([fds.get(fd) for fd in (0, 1, 2)], ["/dev/null", says, says],
             "0, 1 and 2 are its log, or /dev/null")
        ok(all(re.match(r"(socket|pipe|anon_inode):", name)
               for fd, name in fds.items() if fd > 2),
           "beyond, only sockets and the like", fds)
        for what in ("environ", "maps", "mem", "fd"):
            came = run(["cat" if what != "fd" else "ls",
                        f"/proc/{pid}/{what}"], **MALLORY)
            ok(came.status != 0, f"its caller cannot read its {what}", came)
        for name in ("STOP", "KILL", "TERM"):
            came = run(["kill", f"-{name}", str(pid)], **MALLORY)
            ok(came.status != 0, f"its caller cannot send it SIG{name}", came)
        process.kill()
        process.wait()
        ok(LISTENING or gone(pid, 5),
           "su is killed: the agent is gone within 5 s")

    # A caller who stops su in the middle holds nobody else up.
    process = start_su()
    pid = agent()
    os.kill(process.pid, signal.SIGSTOP)
    # One that listens makes way when who is in has had their time.
    conf(**({"timeout": "30s"} if LISTENING else {}))
    ok(let_in(su("alice", KEY)), "su is stopped: another login goes on")
    os.kill(process.pid, signal.SIGCONT)
    conf(service_url=f"https://127.0.0.1:{sink.port}", timeout="20s")
    process.kill()
    process.wait()
    ok(pid and (LISTENING or gone(pid, 5)), "and its agent goes with it")

    # Many wait: a publickey login comes in meanwhile (S-35).
    conf(service_url=f"https://127.0.0.1:{sink.port}", timeout="3s")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                    LAB / "id"], check=True)
    folder = LAB / "world/home/bob/.ssh"
    folder.mkdir()
    (folder / "authorized_keys").write_bytes((LAB / "id.pub").read_bytes())
    ssh("nobody", "")  # makes the helper file before the threads want it
    results = []
    waiting = [threading.Thread(target=lambda: results.append(
        ssh("alice", KEY, "password"))) for _ in range(8)]
    for thread in waiting:
        thread.start()
    while len(sink.seen) < 8 + 2 and any(t.is_alive() for t in waiting):
        time.sleep(0.05)
    came = ssh("bob", "", "publickey", options=("-i", str(LAB / "id")))
    ok(let_in(came, "bob"), "eight logins hang: publickey comes in", came)
    for thread in waiting:
        thread.join()
    ok(all(r.status not in (0, "hung") and r.seconds < 3 + 8 + SLACK
           for r in results), "and all eight end", *results)
conf()
wait_for(lambda: not world.started_agents())
same(world.started_agents(), [], "no agent and no zombie is left")

# --- a refusal takes as long as it must, whatever the reason (S-38)
conf(failure_floor="1s")
for what, go in {
        "a bad key": lambda: su("alice", KEY[:-1]),
        "a good key of no account": lambda: su("bob", KEY),
        "root": lambda: su("root", KEY),
        "an unknown user": lambda: ssh("stranger", KEY),
        "broken settings": lambda: (conf(failure_floor="1s", timeout="no"),
                                    su("alice", KEY))[1]}.items():
    came = go()
    ok(came.status != 0 and came.seconds >= 1, f"{what}: not before 1 s",
       came)
conf()

# --- odd names (S-29, S-39)
ODD = ["ALICE", "alice ", " alice", "alice@corp.example", "CORP\\alice", "..",
       "0", "-froot", "alice\x01", "alice\tx", "alice\nroot", "\uff41lice",
       "al\u200bice", "a" * 300, "alice'", "$(id)", "%s%n", "\x1b]0;x\x07",
       "alice;id", "1000"]
try:
    import paramiko
except ImportError:
    paramiko = None
for name in ODD:
    shown = ascii(name)[:40]
    if paramiko is None:
        skip(f"ssh as {shown}", "paramiko is not here")
        continue
    log, audit = Syslog(), Audit()
    client = paramiko.Transport(("127.0.0.1", int(UK["UK_SSH_PORT"])))
    came = "refused"
    try:
        client.start_client(timeout=60)
        client.auth_password(name, KEY, fallback=False)
        came = "in"
    except paramiko.SSHException:
        pass
    finally:
        client.close()
    lines = log.module()
    same(came, "refused", f"ssh as {shown}: refused")
    same(audit.read(), [], f"ssh as {shown}: nothing is sent")
    ok(len(lines) == 1 and re.match("(junk|unknown-user) user='", lines[0])
       and not re.search(r"\{[0-9A-F]{2}\}", lines[0]),
       f"ssh as {shown}: one printable line", *lines)

# --- what the machine shows the service is not for others to read (V-19)
subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=host", "-keyout", LAB / "host.key", "-out",
                LAB / "host.pem"], check=True, capture_output=True)
conf(client_certificate=LAB / "host.pem", client_key=LAB / "host.key")
for mode, good in ((0o644, False), (0o640, False), (0o600, True)):
    (LAB / "host.key").chmod(mode)
    if LISTENING:  # one that cannot begin tells so for a moment
        time.sleep(0.5)
    log = Syslog()
    came = su("alice", KEY)
    lines = log.module()
    if good:
        if LISTENING and not let_in(came):
            wait_for(lambda: let_in(su("alice", KEY)))
            came = su("alice", KEY)
        ok(let_in(came), "a client_key that is root's alone: let in", came)
    else:
        ok(came.status != 0 and len(lines) == 1
           and lines[0].startswith("misconfigured ")
           and str(LAB / "host.key") in lines[0],
           f"a client_key of mode {mode:o}: refused, and named", came, *lines)
conf()

# --- every line that we wrote is one, printable, and ours
text = pathlib.Path(UK["UK_SYSLOG"]).read_text()
ours = [line for line in text.splitlines() if "pam_userkey(" in line]
same([line for line in ours if re.search(r"\{[0-9A-F]{2}\}", line)], [],
     f"all {len(ours)} lines of the module are printable")

world.done()
