#!/usr/bin/python3 -B
"""Broken on purpose: the service, the way to it, and the agent in the middle of
a login; each for an agent that a login starts and for one that listens.  What
takes longer is in tests/slow."""

import os
import signal
import time

import world
from world import SLACK, ok

world.enter(__file__)

import broken  # noqa: E402
from broken import (front, hanging_login, once, refused,  # noqa: E402
                    well_again)

broken.begin()


# --- the service and the way to it
def service(agent):
    for mode, word in broken.SERVICE.items():
        what = f"{agent.name}: service {mode}"
        with front(mode):
            once(what, word)
        well_again(what)


def names(agent):
    what = f"{agent.name}: DNS black hole"
    agent.end()
    with broken.no_names():
        agent.begin(service_url=f"https://{broken.NAME}:{broken.FRONT.port}")
        once(what, "timeout:(resolve|agent)")
    well_again(what)
    agent.end()
    agent.begin()


# --- the agent, in the middle of a login
def killed(agent):
    what = f"{agent.name}: agent killed"
    with hanging_login() as login:
        os.kill(agent.agent(), signal.SIGKILL)
        began = time.monotonic()
        came, lines = login.end()
        refused(what, "unreachable", came, lines)
        ok(time.monotonic() - began < SLACK, f"{what}: at once", came)
    well_again(what, within=1)


def stopped(agent):
    what = f"{agent.name}: agent stopped"
    with hanging_login() as login:
        pid = agent.agent()
        os.kill(pid, signal.SIGSTOP)
        refused(what, "timeout:agent", *login.end())
    if agent.name == "listening":
        once(f"{what}, the next login", "timeout:agent")
        os.kill(pid, signal.SIGCONT)
    well_again(what, within=1)


broken.run_all(service, names, killed, stopped)
world.done()
