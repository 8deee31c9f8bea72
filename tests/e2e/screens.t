#!/usr/bin/python3 -B
"""What a person sees who uses the tool at a terminal: each screen is one of
tests/e2e/screens/*.txt."""

import os
import signal
import subprocess

import screen
import world
from cut import Cut
from screen import AGES, Terminal
from world import KEY, LAB, UK, conf, free_port, ok, run, same

world.enter(__file__)

STATE = "/run/userkey/state"
run(["install", "-d", "-m", "700", "-o", "_userkey", STATE])
world.BASE["state_folder"] = STATE
conf()
world.users()
WHERE = {"URL": UK["UK_URL"], "APP": UK["UK_APP"], "CA": UK["UK_CA"],
         "EMAIL": UK["UK_EMAIL"], "ALICE": f"-p {UK['UK_SSH_PORT']} alice@127.0.0.1 -o "
         "PreferredAuthentications=keyboard-interactive",
         "AWAY": f"https://127.0.0.1:{free_port()}"}
PASSWORD = UK["UK_PASSWORD"]
person = Terminal(**WHERE)
person.scene()

# --- begin
person.run("userkey")
person.shows("usage", "the tool without a command")
person.run("userkey lst")
person.run("userkey list --jsn")
person.run("userkey list")
person.run("userkey create")
person.shows("lost", "what went wrong, and the next command")
person.run("userkey login --url $URL --app $APP --ca-file $CA --email $EMAIL",
           ("Password: ", "xyzzy"))
person.run("userkey login --url $URL --app $APP --ca-file $CA",
           ("Address: ", UK["UK_EMAIL"]), ("Password: ", PASSWORD))
person.shows("login", "a login: the password is not shown")

# --- keys
person.run("userkey create laptop")
person.run("userkey create ci --expires 90d --out ci.key")
person.run("userkey create laptop")
person.run("userkey create ci.2")
person.shows("create", "a key's value, once; one with an end, in a file")
person.run("userkey list")
person.shows("list", "the table of keys", AGES)
person.run("userkey disable ci")
person.run("userkey list")
person.run("userkey enable ci")
person.shows("list-colours", "in colours", AGES, colours=True)
person.run("NO_COLOR=1 userkey show ci")
person.run("TERM=dumb userkey show ci")
person.run(r"userkey list | sed 's/\t/ | /g'")
person.shows("list-plain", "without: NO_COLOR, a dumb terminal, a pipe", AGES,
             colours=True)
front = Cut("POST /api/client/v2.0/auth/api_keys ")
cut = Terminal(CUT=front.url, XDG_STATE_HOME=str(LAB / "cut"), **WHERE)
cut.run("userkey login --url $CUT --app $APP --email $EMAIL",
        ("Password: ", PASSWORD))
cut.scene()
cut.run("userkey create second")
cut.run("userkey show second")
cut.run("userkey rotate second")
cut.run("userkey delete second-2 second --yes")
cut.shows("cut", "a key that nobody has the value of", AGES)
same(front.lost, 2, "two answers were lost")
cut.leave()
person.run("userkey rotate ci --grace 7d --out ci.key")
person.run("userkey rotate laptop")
person.shows("rotate", "another key in the place of one")
person.run("userkey prune")
person.run("userkey prune --older-than 0", ("[y/N] ", "n"))
person.run("userkey prune --older-than 0", ("[y/N] ", "y"))
person.run("userkey delete laptop")
person.shows("prune", "keys that are over, asked about")
for number in range(5, 18):
    world.tool("create", f"k{number}", "--raw", "--expires", "90d")
person.run("userkey create k18")
person.run("userkey create k18")
person.run("userkey create k19 --out k19.key")
person.run("userkey create k20 --out k20.key")
person.run("userkey create k21 --out k21.key")
person.shows("full", "18 of 20 keys, and the last")

# --- a key at work
person.run("userkey check alice", ("User API key: ", KEY))
person.run("userkey check bob", ("User API key: ", KEY))
person.shows("check", "a login, tried: the key is not shown")
person.run("userkey explain alice --service sshd")
person.run("userkey explain root")
person.shows("explain", "each rule, and which decides")
person.run("userkey agent status")
person.shows("status-none", "no agent, and what keeps one")

# --- the doctor
person.run("userkey doctor")
person.shows("doctor-good", "the doctor, with everything right")
person.run("chmod 666 /etc/userkey/users")
person.run("userkey doctor")
person.shows("doctor-bad", "a file that everybody can write", colours=True)
person.run("userkey doctor --fix")
person.run("userkey doctor | cut -f 1,2 | sort -u")
person.shows("doctor-fix", "and mended")
narrow = Terminal(columns=40, **WHERE)
narrow.scene()
for name, *commands in (
        ("narrow", "userkey doctor"),
        ("narrow-list", "userkey show k17", "userkey disable k17"),
        ("narrow-explain", "userkey explain root"),
        ("narrow-help", "userkey", "userkey create --help")):
    for command in commands:
        narrow.run(command)
    same([line for line in narrow.screen.lines(narrow.first)
          if len(line) > 40 and "/" not in line], [], "40 columns are enough")
    narrow.shows(name, f"a narrow terminal: {commands[0]}",
                 AGES if name == "narrow-list" else ())
narrow.leave()


# --- waiting, and being in the way
def while_it_hangs(go):
    pid = int(UK["UK_SERVER_PID"])
    os.kill(pid, signal.SIGSTOP)
    try:
        return go()
    finally:
        os.kill(pid, signal.SIGCONT)


def wait_for_whoami(command, look):
    def go():
        person.start(command)
        person.until(lambda: person.shown(r"waiting for the service \.\.\."))
        look()

    while_it_hangs(go)
    person.end()


wait_for_whoami("userkey whoami", lambda: screen.same_screen(
    person.screen.lines(person.first),
    (screen.TEXTS / "waiting.txt").read_text().splitlines(),
    "what takes long is said"))
person.shows("waited", "and taken away")
wait_for_whoami("TERM=dumb userkey whoami", lambda: None)
person.shows("waited-dumb", "a dumb terminal takes nothing away")
person.start("userkey login --url $URL --app $APP --ca-file $CA --email $EMAIL")
person.asked("Password: ")
person.type("secr")
for _ in range(20):  # a person is slower than what sets the terminal up
    person.type("\x03")
    if person.end(5) != "no end":
        break
person.run("stty -a | grep -ow -e -echo -e echo")
person.run("echo typed and shown")
person.shows("interrupted", "^C at a password: what is typed is shown again")
person.run("userkey login --url $AWAY --app $APP --ca-file $CA --email $EMAIL",
           ("Password: ", PASSWORD))
person.shows("away", "nobody answers")
person.run("userkey logout")
person.run("userkey whoami")
person.shows("logout", "the end of the session")

# --- whoever runs the service
FLEET = [(r"\bfleet-[a-z]{5}\b", "<fleet>")]
person.run("userkey-server init --data data --app fleet")
person.run("userkey-server user add bob@example.com --data data",
           ("': ", PASSWORD), ("Once more: ", PASSWORD))
person.run("userkey-server user disable ann@example.com --data data")
person.run("userkey-server user delete bob@example.com --data data",
           ("[y/N] ", "n"))
person.shows("server", "an app and its first user", FLEET)

# --- logins: ssh and sudo ask; somebody else answers for the person
JUNK = "ukey" + "0" * 60
person.run("ssh $ALICE id -un", ("User API key: ", KEY))
person.run("ssh $ALICE id -un", ("User API key: ", JUNK),
           ("Password: ", "xyzzy"))
person.shows("ssh", "ssh: a key, and one that is none")
askpass = LAB / "bin/userkey-askpass"  # as `make install` puts it
askpass.symlink_to("userkey")
alice = Terminal("alice", SUDO_ASKPASS=str(askpass))
alice.scene()
alice.run("sudo id -un", ("User API key: ", KEY))
alice.run("sudo id -un", ("User API key: ", JUNK), ("for alice: ", "xyzzy"))
alice.shows("sudo", "sudo: the same")
alice.run("sudo -A id -un")
mine = LAB / "world/home/alice/my.key"
mine.write_text(KEY + "\n")
mine.chmod(0o600)
os.chown(mine, 1000, 1000)
alice.run("mkdir -p -m 700 .config/userkey; mv my.key .config/userkey/key")
alice.run("sudo -A id -un")
alice.shows("askpass", "sudo is answered for the person",
            [(r" \((which|that) [^)]*\)", "")])  # as it is installed here
(LAB / "world/home/alice/.config/userkey/key").unlink()
with subprocess.Popen(
        [UK["UK_BIN"] + "/userkey-agent", "--conf", world.CONF, "--listen",
         world.AGENT], env={}, stderr=subprocess.DEVNULL) as agent:
    person.until(world.agent_listens)
    for who in ("alice", "bob"):
        person.run(f"userkey check {who}", ("User API key: ", KEY))
    person.scene()
    person.run("userkey agent status")
    person.shows("status", "what the agent has done",
                 [(r"version [\d.]+", "version <version>"),
                  (r"within [\d.]+ m?s", "within <time>")])
    alice.run("userkey agent status")
    alice.shows("status-denied", "root alone may ask")
    agent.terminate()
alice.leave()
person.leave()
world.done()
