"""A Debian root of its own to install packages in: made once by debootstrap,
kept below the build's folder, and looked at through an overlay, so that
whatever a test does to it is gone with the test's namespaces."""

import ctypes
import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
KEPT = REPOSITORY / os.environ.get("B", "build") / "debian-root"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def skip(why):
    print(f"1..1\nok 1 # SKIP {why}")
    sys.exit(0)


# --- The root that is kept

def mirror():
    """(release, where its packages are), as this machine's apt has them."""
    release = re.search(r"^VERSION_CODENAME=(\w+)",
                        pathlib.Path("/etc/os-release").read_text(), re.M)
    said = subprocess.run(
        ["apt-get", "indextargets", "--format",
         "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"],
        capture_output=True, text=True, check=False).stdout
    for line in said.splitlines():
        where, suite, component = line.split()
        if release and suite == release[1] and component == "main":
            return suite, where
    return None


def kept_root(packages):
    """The folder of a root with these packages, which nobody has touched."""
    found = mirror()
    if not found:
        skip("apt knows no mirror of this machine's release")
    wanted = " ".join([*found, *sorted(packages)])
    stamp, root = KEPT / "stamp", KEPT / "root"
    if stamp.exists() and stamp.read_text() == wanted:
        return root
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir(parents=True)
    print("# debootstrap, once", flush=True)
    with (KEPT / "log").open("wb") as log:
        made = subprocess.run(
            ["debootstrap", "--variant=minbase",
             "--include=" + ",".join(sorted(packages)),
             found[0], str(root), found[1]],
            stdout=log, stderr=log, check=False)
    if made.returncode != 0:
        for line in (KEPT / "log").read_text().splitlines()[-5:]:
            print("#", line)
        skip(f"debootstrap made no root; its log is {KEPT / 'log'}")
    stamp.write_text(wanted)
    return root


def apart(script, root):
    """Run the script with --inside, the root and a folder, in namespaces that
    end with everything in them; its exit status."""
    folder = tempfile.mkdtemp(prefix="userkey-root.")
    try:
        return subprocess.run(
            ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child",
             "--mount-proc", "--propagation", "private", "--",
             sys.executable, "-B", script, "--inside", str(root), folder],
            preexec_fn=dies_with_us, check=False).returncode
    finally:
        os.rmdir(folder)


def loopback_up():
    with socket.socket() as any_socket:
        flags = struct.pack("16sh", b"lo", 1)  # IFF_UP
        fcntl.ioctl(any_socket, 0x8914, flags)  # SIOCSIFFLAGS


# --- The root that is used

class Result:
    def __init__(self, status, out, err=""):
        self.status, self.out, self.err = status, out, err

    def __str__(self):
        return f"exit {self.status}\n{self.out}{self.err}"


def mount(*argv):
    subprocess.run(["mount", *map(str, argv)], check=True)


class Root:
    """The kept root, with what is changed in a tmpfs."""

    def __init__(self, lower, folder):
        mount("-t", "tmpfs", "-o", "mode=755,size=1g", "root", folder)
        self.path = pathlib.Path(folder) / "root"
        upper, work = (pathlib.Path(folder) / name for name in ("up", "work"))
        for each in (self.path, upper, work):
            each.mkdir()
        overlay = subprocess.run(
            ["mount", "-t", "overlay", "-o",
             f"lowerdir={lower},upperdir={upper},workdir={work}", "root",
             str(self.path)], capture_output=True, check=False)
        if overlay.returncode != 0:
            subprocess.run(["cp", "-a", f"{lower}/.", str(self.path)],
                           check=True)
        mount("-t", "proc", "proc", self.path / "proc")
        self.devices()
        self.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
        self.records = []
        self.listen_to_syslog()

    def devices(self):
        dev = self.path / "dev"
        mount("-t", "tmpfs", "-o", "mode=755,size=1m", "dev", dev)
        for name in ("null", "zero", "full", "random", "urandom", "tty"):
            (dev / name).touch()
            mount("--bind", f"/dev/{name}", dev / name)
        (dev / "pts").mkdir()
        (dev / "shm").mkdir(mode=0o1777)
        mount("--bind", "/dev/pts", dev / "pts")
        (dev / "ptmx").symlink_to("pts/ptmx")
        (dev / "fd").symlink_to("/proc/self/fd")
        for fd, name in enumerate(("stdin", "stdout", "stderr")):
            (dev / name).symlink_to(f"fd/{fd}")

    def listen_to_syslog(self):
        sink = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sink.bind(str(self.path / "dev/log"))
        (self.path / "dev/log").chmod(0o666)

        def listen():
            while True:
                self.records.append(sink.recv(65536).decode("latin-1"))
        threading.Thread(target=listen, daemon=True).start()

    def write(self, path, text, mode=0o644):
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def read(self, path):
        return (self.path / path).read_text()

    def argv(self, argv, user="root", folder="/root"):
        """Enter the root as the user, in the folder."""
        if isinstance(argv, str):
            argv = ["bash", "-ec", argv]
        as_user = [] if user == "root" else [f"--userspec={user}:{user}"]
        return ["chroot", *as_user, str(self.path), "env", "-C", folder, *argv]

    @staticmethod
    def environment(user, more):
        return {"PATH": PATH, "HOME": "/root" if user == "root" else
                f"/home/{user}", "USER": user, "TERM": "dumb",
                "DEBIAN_FRONTEND": "noninteractive", **(more or {})}

    def run(self, argv, text="", user="root", folder="/root", env=None,
            limit=120):
        try:
            ran = subprocess.run(
                self.argv(argv, user, folder), input=text.encode(),
                capture_output=True, timeout=limit, check=False,
                env=self.environment(user, env))
        except subprocess.TimeoutExpired as late:
            return Result("hung", (late.stdout or b"").decode("latin-1"),
                          (late.stderr or b"").decode("latin-1"))
        return Result(ran.returncode, ran.stdout.decode("latin-1"),
                      ran.stderr.decode("latin-1"))

    def start(self, argv, log, user="root", env=None, **more):
        """A program that stays; what it says goes to the file `log`."""
        with (self.path / log).open("wb") as out:
            return subprocess.Popen(
                self.argv(argv, user), stdout=out, stderr=out,
                env=self.environment(user, env),
                preexec_fn=dies_with_us, **{"stdin": subprocess.DEVNULL,
                                            **more})

    def type(self, argv, answers, user="root", folder="/root", limit=60):
        """Run on a terminal, as a person would; answers are (prompt, typed)."""
        pid, fd = pty.fork()
        if pid == 0:
            try:
                os.execvpe("chroot", self.argv(argv, user, folder),
                           self.environment(user, None))
            finally:
                os._exit(127)
        seen, after, todo = "", 0, list(answers)
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if not select.select([fd], [], [], 0.2)[0]:
                continue
            try:
                piece = os.read(fd, 4096)
            except OSError:
                break
            seen += piece.decode("latin-1")
            if todo and todo[0][0] in seen[after:]:
                after = len(seen)
                if re.search("(?i)assword|key|code", todo[0][0]):
                    until(lambda: not termios.tcgetattr(fd)[3] & termios.ECHO,
                          10)  # the prompt may come before it is off
                os.write(fd, todo.pop(0)[1].encode() + b"\n")
        else:
            os.kill(pid, signal.SIGKILL)
        os.close(fd)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return Result(status, seen.replace("\r\n", "\n"))


def dies_with_us():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def until(true, seconds=30):
    """Whether it has become true in that time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
