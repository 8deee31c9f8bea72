#!/usr/bin/python3 -B
"""ssh and sudo ask `userkey askpass`, and get the key that is kept: for its
question, and for no other."""

import os
import shutil

import world
from world import (KEY, LAB, UK, as_user, conf, let_in, new_key, ok, run, same,
                   tool)

world.enter(__file__)

HOME = LAB / "world/home/alice"
ASKPASS = LAB / "bin/userkey-askpass"  # as `make install` puts it
ASKPASS.symlink_to("userkey")
IDS = as_user("alice")


def own(path):
    os.chown(path, IDS["user"], IDS["group"])


def keep(folder, name, text, mode=0o600):
    folder.mkdir(0o700, parents=True, exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(mode)
    for path in (folder, folder.parent, folder / name):
        if HOME in path.parents:
            own(path)


def ssh(*options, method="keyboard-interactive", **env):
    return run(["ssh", "-p", UK["UK_SSH_PORT"],
                "-o", f"PreferredAuthentications={method}",
                "-o", "PubkeyAuthentication=no", *options,
                "alice@127.0.0.1", "id -un"],
               env={"HOME": str(HOME), "SSH_ASKPASS": str(ASKPASS),
                    "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0", **env},
               **IDS)


def sudo(**env):
    return run(["sudo", "-k", "-A", "id", "-un"],
               env={"HOME": str(HOME), "SUDO_ASKPASS": str(ASKPASS), **env},
               **IDS)


came = ssh()
ok(came.status != 0 and "no key is kept" in came.err, "ssh without a key",
   came)
config = HOME / ".config/userkey"
keep(config, "key", KEY + "\n")
came = ssh()
ok(let_in(came), "ssh with the key in a file", came)
came = sudo()
ok(let_in(came, "root"), "sudo -A, too", came)

# --- who may have it
keep(config, "askpass_hosts", "git.example\n")
came = ssh()
ok(came.status != 0 and "not among the hosts" in came.err,
   "a host that is not on the list gets no key", came)
same(sudo().status != 0, True, "nor does sudo")
keep(config, "askpass_hosts", "127.0.0.1  # this machine\nsudo\n")
came = ssh()
ok(let_in(came), "one that is does", came)
came = sudo()
ok(let_in(came, "root"), "so does sudo", came)
(config / "askpass_hosts").unlink()

# --- what is not our question
came = ssh(method="password")
ok(came.status != 0 and "gets no answer" in came.err,
   "a question for the password gets no key", came)
came = ssh("-o", "StrictHostKeyChecking=ask", "-o",
           f"UserKnownHostsFile={HOME}/known", "-o",
           "GlobalKnownHostsFile=/dev/null")
ok(came.status != 0 and "gets no answer" in came.err
   and "verification failed" in came.err,
   "whether the host is the right one is not answered", came)
same((HOME / "known").exists(), False, "and the host is not known then")

# --- a host with a question of its own: sudo's settings are this machine's
conf(prompt="Your key: ")
came = ssh()
ok(let_in(came), "so is that over ssh, as here it is the same", came)
came = sudo()
ok(let_in(came, "root"), "sudo's question is that of the settings", came)
conf()

# --- files that are not to be believed
(config / "key").chmod(0o644)
came = ssh()
ok(came.status != 0 and "askpass: " in came.err,
   "a file that others can read gives nothing", came)
same(sudo().status != 0, True, "nor to sudo")
(config / "key").unlink()

# --- systemd's credentials
credentials = LAB / "credentials"
keep(credentials, "userkey", KEY)
credentials.chmod(0o755)
os.chown(credentials / "userkey", 0, IDS["group"])
(credentials / "userkey").chmod(0o440)
came = ssh(CREDENTIALS_DIRECTORY=str(credentials))
ok(let_in(came), "ssh with systemd's credential", came)
came = sudo(CREDENTIALS_DIRECTORY=str(credentials))
ok(let_in(came, "root"), "sudo, too", came)

# --- a key that is rotated in its place: the next login has the new one
first = new_key("kept")
keep(config, "key", first + "\n")
came = ssh()
ok(let_in(came), "a key in the file", came)
ring = LAB / "ring"
ring.write_text(first + "\n")
ring.chmod(0o600)
came = tool("rotate", "kept", "--out", str(ring))
same(came.status, 0, "is rotated", came)
came = ssh()
ok(came.status != 0, "the old one does not come in any more", came)
keep(config, "key", ring.read_text())
came = ssh()
ok(let_in(came), "the new one does", came)
came = sudo()
ok(let_in(came, "root"), "everywhere", came)

for path in (config, credentials):
    shutil.rmtree(path)
ring.unlink()
world.done()
