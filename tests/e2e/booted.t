#!/usr/bin/python3 -B
"""The units as systemd starts them: a machine of its own, booted over this
one's files, in which service and agent run with all that their units take away,
and a key logs in."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("B", "build")
SYSTEMD = "/usr/lib/systemd/systemd"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PASSWORD = "paint the ninth fence"


def mount(*argv):
    subprocess.run(["mount", *map(str, argv)], check=True)


# --- inside: the machine's files, with ours among them; then its first process

def place(root):
    """What `make install` would put there."""
    bin_ = {"userkey": "usr/bin", "userkey-server": "usr/sbin",
            "userkey-agent": "usr/libexec/userkey"}
    for name, folder in bin_.items():
        os.makedirs(root / folder, exist_ok=True)
        shutil.copy(BUILD / name, root / folder / name)
    module = next(path for path in root.glob("usr/lib*/**/security/pam_unix.so"))
    shutil.copy(BUILD / "pam_userkey.so", module.parent)
    units = root / "usr/lib/systemd/system"
    for unit in (ROOT / "conf/systemd").glob("userkey-*"):
        text = unit.read_text().replace("@SBINDIR@", "/usr/sbin").replace(
            "@SYSCONFDIR@", "/etc").replace("@BINDIR@", "/usr/bin")
        (units / unit.name.removesuffix(".in")).write_text(text)
    for kind in ("sysusers.d", "tmpfiles.d"):
        for file in (ROOT / "conf" / kind).iterdir():
            shutil.copy(file, root / "usr/lib" / kind)
    (root / "etc/pam.d/su").write_text(
        "auth sufficient pam_userkey.so\nauth required pam_deny.so\n"
        "account required pam_permit.so\nsession required pam_permit.so\n")
    (root / "etc/fstab").write_text("")
    (root / "etc/machine-id").write_text("")
    (root / "etc/passwd").open("a").write("guest9:x:4321:4321::/:/bin/sh\n")


def boot(folder):
    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "lab", folder)
    root = folder / "root"
    for name in ("upper", "work", "root"):
        (folder / name).mkdir()
    mount("-t", "overlay", "lab", root, "-o",
          f"lowerdir=/,upperdir={folder}/upper,workdir={folder}/work")
    place(root)
    mount("-t", "proc", "lab", root / "proc")
    mount("--bind", root / "proc/sys", root / "proc/sys")
    mount("-o", "remount,bind,ro", root / "proc/sys")
    mount("-t", "sysfs", "-o", "ro", "lab", root / "sys")
    mount("-t", "cgroup2", "lab", root / "sys/fs/cgroup")
    for name in ("run", "tmp", "var/tmp", "dev"):
        mount("-t", "tmpfs", "-o", "mode=755" if name in ("run", "dev")
              else "mode=1777", "lab", root / name)
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        (root / "dev" / name).touch()
        mount("--bind", f"/dev/{name}", root / "dev" / name)
    for name in ("pts", "shm"):
        (root / "dev" / name).mkdir()
    mount("-t", "devpts", "-o", "newinstance,ptmxmode=0666", "lab",
          root / "dev/pts")
    (root / "dev/ptmx").symlink_to("pts/ptmx")
    mount("-t", "tmpfs", "-o", "mode=1777", "lab", root / "dev/shm")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=False)
    os.chdir(root)
    (root / "old").mkdir(exist_ok=True)
    subprocess.run(["pivot_root", ".", "old"], check=True)
    subprocess.run(["umount", "-l", "/old"], check=True)
    os.execve(SYSTEMD, [SYSTEMD, "--unit=basic.target", "--show-status=no",
                        "--log-target=null"],
              {"container": "lab", "PATH": PATH})


# --- outside

_number = _bad = 0


def ok(right, text, *what):
    global _number, _bad
    _number += 1
    print(f"{'ok' if right else 'not ok'} {_number} - {text}", flush=True)
    _bad += not right
    for line in "\n".join(map(str, what)).splitlines() if not right else ():
        print("#   " + line, flush=True)
    return bool(right)


def skip(why):
    print(f"ok 1 # SKIP {why}\n1..1")
    sys.exit(0)


class Machine:
    def __init__(self):
        where = next((line.split()[1] for line in open("/proc/self/mounts")
                      if line.split()[2] == "cgroup2"), None)
        own = re.search("^0::(.*)$", open("/proc/self/cgroup").read(), re.M)
        if where is None or own is None:
            skip("there is no cgroup2 here")
        self.group = pathlib.Path(where + own[1]) / f"userkey-{os.getpid()}"
        self.folder = tempfile.mkdtemp(prefix="userkey-booted-")
        try:
            self.group.mkdir()
        except OSError as error:
            skip(f"no cgroup can be made: {error}")
        self.log = open(self.folder + ".log", "w+")
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--cgroup", "--uts", "--ipc",
             "--net", "--fork", "--kill-child", sys.executable, "-B",
             __file__, "--inside", self.folder],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            preexec_fn=lambda: (self.group / "cgroup.procs").write_text("0"))

    def first(self):
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        try:
            return open(path).read().split()[0]
        except (OSError, IndexError):
            return None

    def run(self, *argv, text="", by=()):
        return subprocess.run(
            ["nsenter", "-t", self.first() or "0", "-a", "--", *by, *argv],
            input=text, capture_output=True, text=True, timeout=120,
            env={"PATH": PATH, "XDG_STATE_HOME": "/run/state"}, check=False)

    def is_up(self):
        return self.process.poll() is not None or self.run(
            "systemctl", "is-system-running").stdout.strip() in (
                "running", "degraded")

    def end(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for _ in range(200):
            groups = sorted(self.group.rglob("*/"), reverse=True)
            try:
                for group in [g for g in groups if g.is_dir()] + [self.group]:
                    group.rmdir()
                break
            except OSError:
                time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.unlink(self.folder + ".log")


def until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.1)
    return true()


SETUP = r"""
mkdir -p /etc/userkey/tls /run/state && chmod 700 /run/state
cd /etc/userkey/tls
ec="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
openssl req -x509 $ec -days 2 -subj /CN=ca -keyout ca.key -out ca.pem
openssl req $ec -subj /CN=localhost -keyout server.key -out server.csr
echo subjectAltName=DNS:localhost >ext
openssl x509 -req -days 2 -in server.csr -CA ca.pem -CAkey ca.key \
    -set_serial 5 -out server.pem -extfile ext
chown _userkey-server server.key && chmod 600 server.key
install -d -m 700 -o _userkey-server -g _userkey-server /var/lib/userkey
cat >/etc/userkey/server.conf <<C
listen = 127.0.0.1:8443
tls_certificate = /etc/userkey/tls/server.pem
tls_key = /etc/userkey/tls/server.key
database = sqlite:/var/lib/userkey/userkey.db
C
"""
SERVER = ("setpriv", "--reuid", "_userkey-server", "--regid",
          "_userkey-server", "--clear-groups")
GUEST = ("setpriv", "--reuid", "nobody", "--clear-groups")


def status(machine, unit):
    pid = machine.run("systemctl", "show", "-P", "MainPID", unit).stdout.strip()
    text = machine.run("cat", f"/proc/{pid}/status").stdout
    mounts = machine.run("cat", f"/proc/{pid}/mounts").stdout
    return (dict(line.split(":\t", 1) for line in text.splitlines()
                 if ":\t" in line),
            {line.split()[1]: line.split()[3].split(",")
             for line in mounts.splitlines()})


def check_walls(machine, unit, bounds, folders):
    state, mounts = status(machine, unit)
    ok({name: state.get(name) for name in ("Seccomp", "NoNewPrivs", "CapBnd",
                                           "CapEff")} ==
       {"Seccomp": "2", "NoNewPrivs": "1", "CapBnd": bounds,
        "CapEff": "0" * 16}, f"{unit}: no calls and no rights but those",
       state)
    ok(all("noexec" in mounts.get(folder, ()) for folder in folders),
       f"{unit}: what it may write is no code", mounts)
    ok("ro" in mounts.get("/", ()), f"{unit}: all else is read-only", mounts)


def try_it(machine):
    if not until(machine.is_up) or machine.process.poll() is not None:
        machine.log.seek(0)
        skip("systemd does not come up here: "
             + " ".join(machine.log.read().split())[-300:])
    for program in ("systemd-sysusers", "systemd-tmpfiles --create"):
        machine.run(*program.split())
    machine.run("sh", "-c", SETUP)
    made = machine.run("userkey-server", "init", "--data", "/var/lib/userkey",
                       "--app", "booted", by=SERVER)
    app = made.stdout.strip()
    ok(app, "a database is made", made)
    came = machine.run("systemctl", "start", "userkey-server")
    ok(came.returncode == 0, "the service starts, and says that it is ready",
       came.stderr)
    came = machine.run("userkey-server", "user", "add", "a@example.com",
                       "--password-stdin", "--config",
                       "/etc/userkey/server.conf", text=PASSWORD + "\n",
                       by=SERVER)
    user = came.stdout.strip()
    machine.run("sh", "-c", "cat >/etc/userkey/userkey.conf", text=f"""
service_url = https://localhost:8443
app_id = {app}
ca_file = /etc/userkey/tls/ca.pem
agent_program = /usr/libexec/userkey/userkey-agent
offline_grace = 1h
offline_services = su
""")
    machine.run("sh", "-c", "cat >/etc/userkey/users",
                text=f"guest9 id:{user}\n")
    came = machine.run("systemctl", "start", "userkey-agent.socket")
    ok(came.returncode == 0, "the agent's socket listens", came.stderr)
    machine.run("userkey", "login", "--email", "a@example.com",
                "--password-stdin", text=PASSWORD + "\n")
    key = machine.run("userkey", "create", "k", "--raw").stdout.strip()
    ok(len(key) == 64, "a key is made", key)
    for text in ("a key logs in", "and again"):
        came = machine.run("su", "guest9", "-c", "id -un", text=key + "\n",
                           by=GUEST)
        ok(came.stdout == "guest9\n", text, came.stdout, came.stderr)
    came = machine.run("su", "guest9", "-c", "id -un", by=GUEST,
                       text=key[:-1] + "~\n")
    ok(came.returncode != 0 and came.stdout == "", "another does not", came)
    ok(machine.run("systemctl", "is-active", "userkey-agent").stdout ==
       "active\n", "it was the agent of the unit that was asked")
    ok(until(lambda: machine.run(
        "test", "-e", "/var/lib/userkey-agent/offline").returncode == 0, 20),
       "which keeps keys for outages")
    check_walls(machine, "userkey-agent", "00000000000000c0",
                ["/var/lib/userkey-agent", "/etc/userkey", "/run/userkey",
                 "/tmp", "/dev/shm"])
    check_walls(machine, "userkey-server", "0" * 16,
                ["/var/lib/userkey", "/tmp", "/dev/shm"])
    for unit in ("userkey-server", "userkey-agent"):
        came = machine.run("systemctl", "reload", unit)
        ok(came.returncode == 0, f"{unit}: is reloaded", came.stderr)
    came = machine.run("su", "guest9", "-c", "id -un", text=key + "\n",
                       by=GUEST)
    ok(came.stdout == "guest9\n", "and the key logs in", came)
    came = machine.run("systemctl", "stop", "userkey-server",
                       "userkey-agent.socket", "userkey-agent")
    failed = machine.run("systemctl", "list-units", "--failed", "--plain",
                         "--no-legend", "userkey*").stdout
    ok(came.returncode == 0 and failed == "", "all end well", came.stderr,
       failed)


def main():
    if sys.argv[1:2] == ["--inside"]:
        boot(pathlib.Path(sys.argv[2]))
    if os.geteuid() != 0:
        skip("namespaces need root")
    for need in (SYSTEMD, "nsenter", "setpriv", "ip"):
        if not shutil.which(need):
            skip(f"{need} is not here")
    machine = Machine()
    try:
        try_it(machine)
    finally:
        machine.end()
    print(f"1..{_number}")
    sys.exit(1 if _bad else 0)


main()
