#!/usr/bin/python3 -B
"""A newcomer with a fresh Debian and the README: packages built and installed,
a service, logins by sshd and sudo with a key, one key rotated, one revoked, an
upgrade with logins running, removal.  The README's own blocks are what runs."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from debian_root import (REPOSITORY, Root, apart, kept_root,  # noqa: E402
                         loopback_up, skip, until)

DEBS = REPOSITORY / os.environ.get("B", "build") / "deb"
MARK = b"newer"  # behind the end of a module, where nobody looks
PASSWORD, UNIX = "paint the ninth fence", "blue gate at six"
ASK = "User API key:"
_number = _bad = 0


def ok(right, text, *what):
    global _number, _bad
    _number += 1
    print(f"{'ok' if right else 'not ok'} {_number} - {text}", flush=True)
    if not right:
        _bad += 1
        for thing in what:
            for line in str(thing).splitlines():
                print("#   " + line, flush=True)
    return bool(right)


def done():
    print(f"1..{_number}")
    sys.exit(1 if _bad else 0)


def must(right, text, *what):
    """Without it the rest means nothing."""
    if not ok(right, text, *what):
        done()


def readme(heading):
    """The blocks of one section, with what this newcomer has in them."""
    text = (REPOSITORY / "README.md").read_text()
    section = text.split(f"\n### {heading}", 1)[1].split("\n##", 1)[0]
    return re.findall(r"^```\n(.*?)^```", section, re.M | re.S)



# --- Outside: packages, a root to put them into, and namespaces around it

def outside():
    if os.geteuid() != 0:
        skip("needs root")
    for need in ("debootstrap", "dpkg-buildpackage", "unshare", "apt-get"):
        if not shutil.which(need):
            skip(f"{need} is not here")
    built = subprocess.run(["make", "--no-print-directory", "deb"],
                           cwd=REPOSITORY, capture_output=True, text=True,
                           check=False)
    if built.returncode != 0:
        print("1..1\nnot ok 1 - 'make deb' builds the packages")
        print(re.sub("^", "# ", built.stdout + built.stderr, flags=re.M))
        sys.exit(1)
    needs = {"openssh-server", "openssh-client", "sudo", "openssl",
             "ca-certificates"}
    for package in DEBS.glob("userkey*_*.deb"):
        if "dbgsym" not in package.name:
            said = subprocess.run(["dpkg-deb", "-f", package, "Depends"],
                                  capture_output=True, text=True, check=True)
            needs.update(re.match(r"\S+", word.strip())[0]
                         for word in said.stdout.split(","))
    return apart(__file__, kept_root(needs))


# --- Inside

def inside(lower, folder):
    world = Root(lower, folder)
    world.write("etc/hosts",
                f"127.0.0.1 localhost auth.example.com host1 {os.uname()[1]}\n")
    world.write("etc/apt/apt.conf.d/99newcomer",
                'APT::Get::Assume-Yes "true";\nDpkg::Use-Pty "false";\n')
    world.write("root/answer", '#!/bin/sh\nprintf "%s\\n" "$ANSWER"\n', 0o755)
    world.write("etc/ssh/ssh_config", "StrictHostKeyChecking accept-new\n"
                "NumberOfPasswordPrompts 1\nLogLevel ERROR\n")
    world.write("etc/sudoers.d/newcomer", "Defaults lecture=never\n", 0o440)
    for name in ("alice", "bob"):
        made = world.run(f"useradd -m -s /bin/sh -G sudo {name}")
        must(made.status == 0, f"there is an account {name}", made)
    world.run("chpasswd", f"bob:{UNIX}\n")
    lintian()
    day = Day(world)
    for step in (day.install, day.service, day.first_key, day.host, day.pam,
                 day.by_hand, day.rotate, day.revoke, day.profile, day.upgrade,
                 day.remove, day.purge):
        step()
    done()


def lintian():
    if not shutil.which("lintian"):
        return
    said = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error,warning",
         *map(str, DEBS.glob("*.changes"))],
        capture_output=True, text=True, check=False)
    ok(said.returncode == 0, "lintian has nothing to say", said.stdout,
       said.stderr)


class Day:
    """An administrator's first day, one step after the other."""

    def __init__(self, world):
        self.world = world
        self.app = self.user = self.key = self.other = None

    # --- how to log in

    def ssh(self, answer, user="alice", command="id -un"):
        return self.world.run(["ssh", f"{user}@host1", command],
                              env=self.answering(answer))

    @staticmethod
    def answering(answer):
        return {"SSH_ASKPASS": "/root/answer", "ANSWER": answer,
                "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}

    def sudo(self, answer, user="alice"):
        return self.world.run(["sudo", "-kS", "-p", "", "id", "-un"],
                              answer + "\n", user=user, folder="/")

    def in_by_ssh(self, answer, user="alice"):
        return self.ssh(answer, user).out == user + "\n"

    def in_by_sudo(self, answer, user="alice"):
        return self.sudo(answer, user).out == "root\n"

    def troubles(self, since):
        """What PAM has logged since then that is no success."""
        return [line for line in self.world.records[since:]
                if re.search("PAM|pam_(userkey|unix)", line)
                and not re.search("granted|session (opened|closed)", line)][:20]

    def stacks(self):
        return {file.name: file.read_text() for file in
                (self.world.path / "etc/pam.d").iterdir()}

    def named(self, block):
        """A block of the README, with what it leaves open filled in."""
        for left_open, here in (("APP-ID", self.app),
                                ("64f0c0ffee0123456789abcd", self.user)):
            block = block.replace(left_open, here or left_open)
        return block

    # --- the steps

    def install(self):
        self.before = self.stacks()
        shutil.copytree(DEBS, self.world.path / "root/build/deb")
        block = readme("1. Packages")[0]
        must("make deb" in block, "the README begins with 'make deb'")
        ran = self.world.run(re.sub("^make deb.*$", "", block, flags=re.M))
        must(ran.status == 0, "the packages install as the README says", ran)
        for words in ("userkey enable-login --try",
                      "userkey-server init --data /var/lib/userkey"):
            ok(words in " ".join((ran.out + ran.err).split()),
               f"and say what comes next: {words}", ran)
        ok(self.stacks() == self.before, "installing changes no login")
        ok(self.world.run("getent passwd _userkey _userkey-server").status
           == 0, "both users are made")
        said = self.world.run("stat -c '%n %a %U' /run/userkey "
                              "/run/userkey/sessions /var/lib/userkey-agent")
        ok(said.out == "/run/userkey 755 root\n/run/userkey/sessions 711 root\n"
           "/var/lib/userkey-agent 700 _userkey\n", "and the folders", said)
        wants = "etc/systemd/system/sockets.target.wants/userkey-agent.socket"
        ok((self.world.path / wants).is_symlink(), "the agent's socket is on")
        ok(self.world.run("man=$(dpkg -L userkey userkey-server | grep -c "
                          "'/man/.*gz$'); test $man -ge 6").status == 0,
           "with the manuals")

    def service(self):
        certificates, init = readme("2. The service")
        ran = self.world.run(certificates)
        must(ran.status == 0, "the certificates, as the README says", ran)
        # No systemd runs in the root: what it would start is started here.
        ran = self.world.run(init.replace("enable --now", "enable"))
        must(ran.status == 0 and ran.out.strip(),
             "the database, as the README says", ran)
        self.app = ran.out.split()[0]
        self.server = self.world.start(
            ["setpriv", "--reuid=_userkey-server", "--regid=_userkey-server",
             "--init-groups", "/usr/sbin/userkey-server", "serve", "--config",
             "/etc/userkey/server.conf"], "root/server.log")
        must(until(lambda: "listening on https://0.0.0.0:8443"
                   in self.world.read("root/server.log")),
             "the service listens", self.world.read("root/server.log"))
        (block,) = readme("3. The first user")
        ran = self.world.type(block, [("Password", PASSWORD),
                                      (": ", PASSWORD)])
        found = re.search(r"^[0-9a-f]{24}$", ran.out, re.M)
        must(ran.status == 0 and found, "a user, with a password typed", ran)
        self.user = found[0]

    def first_key(self):
        self.world.run("install -m 644 /etc/userkey/ca.pem /home/alice/")
        login, create = self.named(readme("4. The first key")[0]).splitlines()
        ran = self.world.type(login, [("Password: ", PASSWORD)], user="alice",
                              folder="/home/alice")
        must(ran.status == 0, "the user logs in to the service", ran)
        ran = self.tool(create)
        must(ran.status == 0 and ran.out.strip(), "and makes a key", ran.err)
        self.key = ran.out.strip()

    def tool(self, command):
        return self.world.run(command, user="alice", folder="/home/alice")

    def host(self):
        settings, users, check = readme("5. The host")
        self.world.write("etc/userkey/userkey.conf", self.named(settings))
        self.world.write("etc/userkey/users", self.named(users))
        self.agent = self.world.start(
            ["/usr/libexec/userkey/userkey-agent", "--conf",
             "/etc/userkey/userkey.conf", "--listen",
             "/run/userkey/agent.sock"], "root/agent.log")
        until((self.world.path / "run/userkey/agent.sock").exists)
        ran = self.world.type(check, [(": ", self.key)])
        ok(ran.status == 0 and "granted" in ran.out,
           "'userkey check' says that the key would log in",
           ran.out.replace(self.key, "KEY"))

    def pam(self):
        self.world.run("sed -i 's/^#*KbdInteractiveAuthentication.*/"
                       "KbdInteractiveAuthentication yes/' "
                       "/etc/ssh/sshd_config; mkdir -p /run/sshd")
        self.sshd = self.world.start(["/usr/sbin/sshd", "-De"], "root/sshd.log")
        must(until(lambda: "listening" in self.world.read("root/sshd.log")),
             "sshd listens", self.world.read("root/sshd.log"))
        ran = self.world.run(readme("6. PAM")[0])
        must(ran.status == 0, "keys log in, on trial, as the README says", ran)
        ok(self.changed() == {"sshd", "sudo", "userkey"},
           "which changes these services alone", self.changed())
        ran = self.world.type("ssh -t alice@host1 sudo userkey confirm-login",
                              [(ASK, self.key), (ASK, self.key)])
        must(ran.status == 0, "from a new login it is confirmed",
             ran.out.replace(self.key, "KEY"))

    def changed(self):
        return {name for name, text in self.stacks().items()
                if text != self.before.get(name)}

    def profile(self):
        """The other way: for every service at once."""
        ran = self.world.run("userkey disable-login")
        ok(ran.status == 0 and not self.changed(),
           "'disable-login' leaves every file as it was", ran, self.changed())
        ran = self.world.run("pam-auth-update --enable userkey")
        must(ran.status == 0, "the profile is enabled", ran)
        ok(self.changed() == {"common-auth", "common-account", "common-session",
                              "common-session-noninteractive"},
           "which changes the common stacks and no other", self.changed())
        ran = self.world.run("userkey doctor")
        ok(ran.status == 0, "'userkey doctor' has nothing against it", ran)
        ok(self.in_by_ssh(self.key) and self.in_by_sudo(self.key)
           and self.in_by_ssh(UNIX, "bob") and not self.in_by_ssh("wrong"),
           "keys log in by it, and Unix passwords")

    def by_hand(self):
        ran = self.world.type("ssh alice@host1 id -un", [(ASK, self.key)])
        ok(ran.status == 0 and "alice" in ran.out.split(ASK)[-1],
           "ssh asks for the key and lets in", ran.out.replace(self.key, "KEY"))
        ran = self.world.type("sudo -k; sudo id -un", [(ASK, self.key)],
                              user="alice", folder="/")
        ok(ran.status == 0 and "root" in ran.out.split(ASK)[-1],
           "so does sudo", ran.out.replace(self.key, "KEY"))
        ran = self.world.type("ssh bob@host1 id -un", [(ASK, UNIX)])
        ok(ran.status == 0 and "bob" in ran.out.split(ASK)[-1],
           "a Unix password works at the same prompt", ran)
        ok(not self.in_by_ssh("wrong"), "and something else does not")
        ok(self.in_by_sudo(UNIX, "bob"), "nor does sudo lose the password")
        ran = self.world.run("userkey doctor")
        ok(ran.status == 0, "'userkey doctor' finds nothing that is wrong", ran)

    def rotate(self):
        ran = self.tool("userkey rotate laptop")
        must(ran.status == 0, "the key is rotated", ran.err)
        old, self.key = self.key, ran.out.strip()
        ok(not self.in_by_ssh(old), "the old one logs nobody in")
        ok(self.in_by_ssh(self.key) and self.in_by_sudo(self.key),
           "the new one does, by ssh and sudo")

    def revoke(self):
        lost = self.tool("userkey create lost").out.strip()
        ok(self.in_by_ssh(lost), "another key logs in")
        ran = self.tool("userkey delete lost --yes")
        ok(ran.status == 0 and not self.in_by_ssh(lost)
           and not self.in_by_sudo(lost), "revoked, it does not any more", ran)
        ok(any("refused user='alice'" in line for line in self.world.records),
           "and the log says why", *self.world.records[-4:])

    def upgrade(self):
        """To another version, in the middle of everybody's work."""
        newer(next(DEBS.glob("userkey_*.deb")),
              self.world.path / "root/newer.deb")
        session = self.world.start(
            ["ssh", "alice@host1", "cat"], "root/session.log",
            stdin=subprocess.PIPE, env=self.answering(self.key))
        session.stdin.write(b"before\n")
        session.stdin.flush()
        must(until(lambda: "before" in self.world.read("root/session.log")),
             "somebody works on the host")
        module, stacks = module_of(self.world), self.stacks()
        inode, since = module.stat().st_ino, len(self.world.records)
        with Crowd(self.in_by_ssh, self.in_by_sudo, answer=self.key) as crowd, \
                Crowd(self.in_by_sudo, answer=UNIX, user="bob") as others, \
                Watch(module) as watch:
            ran = self.world.run("apt install ./newer.deb")
        must(ran.status == 0, "an upgrade", ran)
        ok(module.stat().st_ino != inode and module.read_bytes().endswith(
            MARK), "brings another module")
        ok(all(crowd.went + others.went), "every login during it went well",
           *self.troubles(since))
        ok(self.stacks() == stacks, "the profile is on as before")
        ok(watch.looks > 100 and watch.missed == 0,
           "and no moment was without a module",
           f"{watch.missed} of {watch.looks}")
        ok(not any("unable to dlopen" in line or "misconfigured" in line
                   for line in self.world.records),
           "nor does the log know of one")
        session.stdin.write(b"after\n")
        session.stdin.close()
        session.wait(30)
        ok("after" in self.world.read("root/session.log"),
           "who was logged in still is")
        ok(self.in_by_ssh(self.key), "the key logs in after it as before")

    def remove(self):
        since = len(self.world.records)
        with Crowd(self.in_by_ssh, self.in_by_sudo, answer=UNIX,
                   user="bob") as crowd:
            ran = self.world.run("apt remove userkey")
        must(ran.status == 0, "removal", ran)
        ok(all(crowd.went), "Unix passwords log in all through it",
           *self.troubles(since))
        ok(self.stacks() == self.before, "every stack is as it was at first",
           *(name for name, text in self.stacks().items()
             if text != self.before.get(name)))
        ok(not module_of(self.world).exists() and not self.in_by_ssh(self.key),
           "and no key logs in")
        ok((self.world.path / "etc/userkey/userkey.conf").exists(),
           "the settings are kept")

    def purge(self):
        for left in (self.agent, self.server):
            left.terminate()
            left.wait(30)
        ran = self.world.run("apt purge userkey userkey-server")
        ok(ran.status == 0, "purging", ran)
        left = self.world.run("ls /etc/userkey; ls -d /var/lib/userkey* "
                              "/run/userkey* /etc/apparmor.d/*userkey* "
                              "2>/dev/null || :").out.split()
        ok(sorted(left) == sorted(
            f"{name}" for name in ("ca.key", "ca.pem", "ca.srl", "server.csr",
                                   "server.key", "server.pem")
            if name in left) and "ca.key" in left,
           "leaves what the administrator made, and nothing of its own", left)


# --- What goes on meanwhile

class Crowd:
    """Logins one after the other, in a thread for each of these ways."""

    def __init__(self, *ways, **more):
        self.went, self.over = [], threading.Event()
        self.threads = [threading.Thread(target=self.go, args=(way, more))
                        for way in ways]

    def go(self, way, more):
        while True:
            self.went.append(way(**more))
            if self.over.is_set():
                return

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        until(lambda: len(self.went) >= len(self.threads))
        return self

    def __exit__(self, *_):
        after = len(self.went) + 2 * len(self.threads)
        until(lambda: len(self.went) >= after)
        self.over.set()
        for thread in self.threads:
            thread.join()


class Watch:
    """Looks at a file all the time."""

    def __init__(self, path):
        self.path, self.over = path, threading.Event()
        self.looks = self.missed = 0
        self.thread = threading.Thread(target=self.go)

    def go(self):
        while not self.over.is_set():
            self.looks += 1
            try:
                with self.path.open("rb") as file:
                    self.missed += file.read(4) != b"\x7fELF"
            except OSError:
                self.missed += 1
            time.sleep(0.0005)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def module_of(world):
    return next((world.path / "usr/lib").glob("*/security")) / "pam_userkey.so"


def newer(package, to):
    """The same package with a higher version and another module."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "-R", package, folder], check=True)
        control = pathlib.Path(folder) / "DEBIAN/control"
        control.write_text(re.sub(r"^(Version: .*)$", r"\1+newer",
                                  control.read_text(), flags=re.M))
        (module,) = pathlib.Path(folder).glob("usr/lib/*/security/*.so")
        module.write_bytes(module.read_bytes() + MARK)
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder, to],
                       check=True, stdout=subprocess.DEVNULL)


if sys.argv[1:2] == ["--inside"]:
    loopback_up()
    inside(*sys.argv[2:])
sys.exit(outside())
