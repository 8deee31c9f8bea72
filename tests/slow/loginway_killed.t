#!/bin/sh
# userkey enable-login and disable-login, killed at each of their moments.
UK_KILLED=yes exec "$(dirname "$0")/../e2e/loginway.t"
