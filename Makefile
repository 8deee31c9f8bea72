# userkey: log in to Linux with a user API key.
#
# `make help` prints the targets.  Everything is built below $(B); another B is
# another build, so `make B=build/asan SANITIZE=address,undefined` stands
# beside the plain one.

# For packagers.
CC         ?= cc
CFLAGS     ?= -O2 -g
PKG_CONFIG ?= pkg-config
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
LOCALSTATEDIR ?= /var
BINDIR     ?= $(PREFIX)/bin
SBINDIR    ?= $(PREFIX)/sbin
LIBEXECDIR ?= $(PREFIX)/libexec
MANDIR     ?= $(PREFIX)/share/man
COMPLETIONS ?= $(PREFIX)/share
LOCALEDIR  ?= $(PREFIX)/share/locale
UNITDIR    ?= /usr/lib/systemd/system
SYSUSERS   ?= /usr/lib/sysusers.d
TMPFILES   ?= /usr/lib/tmpfiles.d
APPARMOR   ?= $(SYSCONFDIR)/apparmor.d
MULTIARCH  := $(shell $(CC) -print-multiarch 2>/dev/null)
# Where libpam looks for modules: /lib/<multiarch>/security on Debian.
PAMDIR     ?= $(if $(MULTIARCH),/usr/lib/$(MULTIARCH)/security,/usr/lib64/security)
DESTDIR    ?=
B          ?= build
SANITIZE   ?=
# V=1 shows whole commands in place of one word and the file.
V          ?=
quiet      := $(findstring s,$(filter-out -%,$(firstword $(MAKEFLAGS))))
say         = $(if $(V),,@$(if $(quiet),,printf '  %-4s %s\n' $(1) $@;))

.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
all: pam_module agent tool service translations

takes  = $(shell $(CC) -Werror -O2 $(1) -include features.h -x c -c -o /dev/null - </dev/null 2>/dev/null && echo $(1))
harden := -fstack-protector-strong
ifneq ($(SANITIZE),)
san := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
else
# What a distribution sets of the third stands.
harden += $(call takes,-fstack-clash-protection) \
    $(or $(call takes,-fcf-protection),$(call takes,-mbranch-protection=standard)) \
    $(if $(findstring _FORTIFY_SOURCE,$(CFLAGS) $(CPPFLAGS)),,$(or $(call \
    takes,-D_FORTIFY_SOURCE=3),-D_FORTIFY_SOURCE=2))
endif

uk_cflags := -std=gnu11 -D_GNU_SOURCE -I. -fPIC -fvisibility=hidden $(harden) \
    -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
    -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wvla -Wundef \
    -Wswitch-enum -Wno-unused-parameter -Werror \
    -DUK_CONFDIR='"$(SYSCONFDIR)/userkey"' \
    -DUK_STATEDIR='"$(LOCALSTATEDIR)/lib"' \
    -DUK_LIBEXECDIR='"$(LIBEXECDIR)/userkey"' \
    -DUK_LOCALEDIR='"$(LOCALEDIR)"'
# The module is in the memory of each host, all of it: what is near to a page that
# is touched gets mapped as well.  Tables for backtraces are in the debug
# information (loaded, they were a seventh of it); nothing is to be run at its
# start or end, and it has no variable.  Where jumps may land is not marked (a page
# of it, and no kernel looks): returns are.
ifeq ($(origin SMALL)$(san),undefined)
SMALL := $(or $(call takes,-Oz),-Os) -fno-plt -ffunction-sections \
    -fdata-sections -fno-asynchronous-unwind-tables \
    $(call takes,-fcf-protection=return) \
    $(call takes,-fno-gcse -fno-tree-coalesce-vars)
endif
small_ldflags := $(if $(san)$(findstring --coverage,$(CFLAGS)),,-nostartfiles -Wl,--gc-sections)
uk_ldflags := -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed \
    -Wl,--no-undefined

# Libraries, each for the one part that knows it.
reach_libs   := libcurl
agent_libs   := libsodium
tool_libs    := smartcols libbsd
service_libs := libmicrohttpd gnutls sqlite3 libpq libsodium libsystemd
pkg_cflags = $(shell $(PKG_CONFIG) --cflags $(1))
pkg_libs   = $(shell $(PKG_CONFIG) --libs $(1))

# core/, in its own order; the module gets the words and hands only.
core_all   := $(shell sed 's/\#.*//' core/ORDER)
core_local := $(shell sed '/^\# reach/,$$d; s/\#.*//' core/ORDER)
objs_of     = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)))
core_objs  := $(call objs_of,$(core_all:%=core/%.c))
small_of    = $(patsubst %.c,$(B)/small/%.o,$(wildcard $(1)))
local_objs := $(call small_of,$(core_local:%=core/%.c))

tool_src    := tool/*.c tool/*/*.c
service_src := service/*.c service/*/*.c

module  := $(B)/pam_userkey.so
agent   := $(B)/userkey-agent
tool    := $(B)/userkey
service := $(B)/userkey-server
libcore := $(B)/libcore.a
liblocal := $(B)/libcore-local.a

.PHONY: all pam_module agent tool service
pam_module: $(module)
agent: $(agent)
tool: $(tool)
service: $(service)

# Where the parts will look for each other is compiled in: when a folder is
# another one (make; make install PREFIX=/usr), everything is built anew; so it is
# when the compiler hardens it otherwise.
folders := $(SYSCONFDIR) $(LOCALSTATEDIR) $(LIBEXECDIR) $(LOCALEDIR)$(if $(san),, $(strip $(harden)))
.PHONY: always
$(B)/folders: always
	@mkdir -p $(@D)
	@echo '$(folders)' | cmp -s - $@ || echo '$(folders)' >$@

$(B)/%.o: %.c $(B)/folders
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(uk_cflags) $(cflags_$(*D)) $(san) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(B)/small/%.o: %.c $(B)/folders
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(uk_cflags) $(san) $(CFLAGS) $(SMALL) $(CPPFLAGS) -MMD -MP -c -o $@ $<

cflags_core     = $(call pkg_cflags,$(reach_libs))
cflags_agent    = $(call pkg_cflags,$(agent_libs))
cflags_service  = $(call pkg_cflags,$(service_libs))
cflags_tool     = $(call pkg_cflags,$(tool_libs)) -I$(B)
$(foreach top,tool service,$(foreach dir,$(wildcard $(top)/*/),$(eval cflags_$(dir:/=) = $(value cflags_$(top)))))

# The stack that `userkey enable-login` gives to services is the example.
$(B)/tool/loginway/pamfile.o: $(B)/tool/loginway/stack.inc
$(B)/tool/loginway/stack.inc: conf/pam.d/userkey
	@mkdir -p $(@D)
	@sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< >$@

$(libcore): $(core_objs)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^
$(liblocal): $(local_objs)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

$(module): $(call small_of,pam_module/*.c) $(liblocal) pam_module/exports.map
	$(call say,LD)$(CC) -shared $(uk_ldflags) $(small_ldflags) -Wl,--version-script=pam_module/exports.map \
	    -Wl,--exclude-libs,ALL $(san) $(CFLAGS) $(LDFLAGS) -o $@ \
	    $(filter %.o,$^) $(liblocal) -lpam
# The loader looks for each symbol in one library after the other: libcrypto, in
# which most are, stands before the many of libcurl's.
first_libs := -Wl,--no-as-needed -lcrypto -Wl,--as-needed
$(agent): $(call objs_of,agent/*.c) $(libcore)
	$(call say,LD)$(CC) -pie $(uk_ldflags) $(first_libs) $(san) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg_libs,$(reach_libs) $(agent_libs))
$(tool): $(call objs_of,$(tool_src)) $(libcore)
	$(call say,LD)$(CC) -pie $(uk_ldflags) $(san) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg_libs,$(reach_libs) $(tool_libs))
$(service): $(call objs_of,$(service_src)) $(libcore)
	$(call say,LD)$(CC) -pie $(uk_ldflags) $(san) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg_libs,$(service_libs)) -lpthread

# What the tool says in other languages, where msgfmt is: without it the build is
# whole, and speaks English.  `make po` brings po/ up to the sources.
languages    := $(patsubst po/%.po,%,$(wildcard po/*.po))
msgfmt       := $(shell command -v msgfmt)
translations := $(if $(msgfmt),$(languages:%=$(B)/locale/%/LC_MESSAGES/userkey.mo))
.PHONY: translations po
translations: $(translations)
$(B)/locale/%/LC_MESSAGES/userkey.mo: po/%.po
	@mkdir -p $(@D)
	$(call say,MO)$(msgfmt) -c -o $@ $<
po:
	@po/update $(languages)

# Tests in C: tests/FOLDER/test_*.c, each a program that speaks TAP.  Those in
# tests/service may use the service's own files (but for its main), and
# tests/unit/test_agent_* those of the agent.
login_bench   := $(patsubst %.c,$(B)/%,$(wildcard tests/bench/login_*.c)) $(B)/tests/bench/module_wait.so
unit_tests    := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
pam_tests     := $(patsubst %.c,$(B)/%,$(wildcard tests/pam/test_*.c))
service_tests := $(patsubst %.c,$(B)/%,$(wildcard tests/service/test_*.c))
unit_helpers  := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/helper_*.c))
pam_helpers   := $(patsubst %.c,$(B)/%,$(wildcard tests/pam/helper_*.c)) \
    $(patsubst %.c,$(B)/%.so,$(wildcard tests/pam/module_*.c)) $(B)/tests/fault/doors.so
agent_objs    := $(filter-out $(B)/agent/main.o,$(call objs_of,agent/*.c))
service_objs  := $(filter-out $(B)/service/main.o,$(call objs_of,$(service_src)))
tool_objs     := $(filter-out $(B)/tool/main.o,$(call objs_of,$(tool_src)))
fuzz_targets  := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz_tests    := $(fuzz_targets:%=$(B)/tests/fuzz/test_%)
test_programs := $(unit_tests) $(pam_tests) $(service_tests) $(fuzz_tests)
cflags_tests/unit     = $(cflags_core)
cflags_tests/service  = $(cflags_service)
cflags_tests/bench    = $(cflags_service)
cflags_tests/fuzz     = $(cflags_service)
.SECONDARY:

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(call objs_of,tests/unit/lib_*.c) $(libcore)
	$(call say,LD)$(CC) $(san) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg_libs,cmocka $(reach_libs) $(test_libs))
$(B)/tests/unit/test_json_peer.o: cflags_core += $(call pkg_cflags,json-c)
$(B)/tests/unit/test_json_peer: test_libs := json-c
$(B)/tests/unit/test_agent_%: $(B)/tests/unit/test_agent_%.o $(call objs_of,tests/unit/lib_*.c) $(agent_objs) $(libcore)
	$(call say,LD)$(CC) $(san) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg_libs,cmocka $(reach_libs) $(agent_libs))
$(B)/tests/pam/test_%: $(B)/tests/pam/test_%.o $(call objs_of,tests/pam/lib_*.c) $(libcore)
	$(call say,LD)$(CC) -rdynamic $(san) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg_libs,cmocka) -lpam -lpthread
$(B)/tests/pam/helper_%: $(B)/tests/pam/helper_%.o $(libcore)
	$(call say,LD)$(CC) $(san) $(CFLAGS) $(LDFLAGS) -o $@ $^
$(B)/tests/pam/module_%.so: $(B)/tests/pam/module_%.o
	$(call say,LD)$(CC) -shared $(san) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lpam
$(B)/tests/fault/%.so: $(B)/tests/fault/%.o
	$(call say,LD)$(CC) -shared $(san) $(CFLAGS) $(LDFLAGS) -o $@ $^
$(B)/tests/service/%: $(B)/tests/service/%.o $(call objs_of,tests/service/lib_*.c) $(service_objs) $(libcore)
	$(call say,LD)$(CC) $(san) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg_libs,cmocka $(service_libs)) -lpthread
# A fuzz target is linked with what its name begins with.
fuzz_link = $(call say,LD)$(CC) $(san) $(CFLAGS) $(LDFLAGS) $(fuzz_engine) -o $@ $(filter-out %/replay.o,$^) \
    $(if $(fuzz_engine),,$(filter %/replay.o,$^)) $(if $(1),$(call pkg_libs,$(1))) -lpthread
fuzz_kinds = service tool agent module
fuzz_of    = $(filter $(B)/tests/fuzz/test_$(1)_%,$(fuzz_tests))
$(filter-out $(foreach kind,$(fuzz_kinds),$(call fuzz_of,$(kind))),$(fuzz_tests)): $(B)/tests/fuzz/test_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(libcore)
	$(call fuzz_link,$(reach_libs))
$(call fuzz_of,service): $(B)/tests/fuzz/test_%: $(B)/tests/fuzz/fuzz_%.o $(call objs_of,tests/fuzz/lib_folder.c tests/fuzz/lib_service_*.c) $(B)/tests/fuzz/replay.o $(service_objs) $(libcore)
	$(call fuzz_link,$(service_libs))
$(call fuzz_of,tool): $(B)/tests/fuzz/test_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/lib_folder.o $(B)/tests/fuzz/replay.o $(tool_objs) $(libcore)
	$(call fuzz_link,$(reach_libs) $(tool_libs))
$(call fuzz_of,agent): $(B)/tests/fuzz/test_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/lib_folder.o $(B)/tests/fuzz/replay.o $(agent_objs) $(libcore)
	$(call fuzz_link,$(reach_libs) $(agent_libs))
# Loaded by the real libpam, through doors that lead back into the program.
$(call fuzz_of,module): $(B)/tests/fuzz/test_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(call objs_of,tests/fuzz/lib_folder.c tests/fuzz/lib_module_*.c pam_module/*.c tests/pam/lib_syslog.c tests/pam/lib_sleep.c) $(liblocal) | $(B)/tests/fuzz/module_doors.so
	$(call fuzz_link) -rdynamic -lpam
$(B)/tests/fuzz/module_doors.so: $(B)/tests/fuzz/module_doors.o
	$(call say,LD)$(CC) -shared $(san) $(CFLAGS) $(LDFLAGS) -o $@ $^
$(B)/tests/bench/login_%: $(B)/tests/bench/login_%.o $(libcore)
	$(call say,LD)$(CC) $(san) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lpam -lssl -lcrypto -lpthread
$(B)/tests/bench/module_%.so: $(B)/tests/bench/module_%.o $(liblocal)
	$(call say,LD)$(CC) -shared $(san) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lpam
$(B)/tests/bench/%: $(B)/tests/bench/%.o $(service_objs) $(libcore)
	$(call say,LD)$(CC) $(san) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg_libs,$(service_libs)) -lpthread

.PHONY: tests check check-slow check-unit check-root check-asan check-compilers demo
tests: all $(test_programs) $(unit_helpers) $(pam_helpers)

# What each target runs is a folder of tests; tests/run prints the sum.
check:
	@tests/deps check
	+@tests/run --all
check-slow:
	@tests/deps slow
	+@tests/run --slow
check-unit: tests
	@B=$(B) tests/run $(unit_tests) $(pam_tests) $(service_tests)
check-root: tests
	@tests/deps check
	@[ "$$(id -u)" = 0 ] || { echo 'check-root: as root, please' >&2; exit 1; }
	@B=$(B) tests/run $(wildcard tests/e2e/*.t tests/slow/*.t) $(unit_tests)
check-asan:
	@tests/deps check
	+@tests/run --asan
check-compilers:
	+@$(MAKE) CC=clang B=$(B)/clang tests

# Look for inputs that break a target; what is found and what is new stays in
# $(B)/fuzz.  A finding belongs into tests/fuzz/corpus, with its mending.
FUZZ   ?= json
TIME   ?= 60
ENGINE ?= libfuzzer
fuzz_dict = $(wildcard tests/fuzz/$(FUZZ).dict)
fuzz_make = $(MAKE) --no-print-directory -s CC=clang B=$(B)/fuzz CFLAGS='-O1 -g' \
    SANITIZE=fuzzer-no-link,address,undefined fuzz_engine=-fsanitize=fuzzer
fuzz_how  = -max_total_time=$(TIME) -print_final_stats=1 -use_value_profile=1 -rss_limit_mb=1024
.PHONY: fuzz fuzz-all fuzz-libfuzzer fuzz-afl
fuzz: fuzz-$(ENGINE)
fuzz-libfuzzer:
	@tests/deps fuzz
	+@$(fuzz_make) $(B)/fuzz/tests/fuzz/test_$(FUZZ)
	@mkdir -p $(B)/fuzz/found/$(FUZZ)
	$(B)/fuzz/tests/fuzz/test_$(FUZZ) -artifact_prefix=$(B)/fuzz/found/$(FUZZ)- \
	    $(fuzz_how) $(addprefix -dict=,$(fuzz_dict)) \
	    $(B)/fuzz/found/$(FUZZ) tests/fuzz/corpus/$(FUZZ)
# All targets at once, with what the machine has left over; the last lines of
# found/NAME.log are the times of the processor.
fuzz-all:
	@tests/deps fuzz
	+@$(fuzz_make) $(fuzz_targets:%=$(B)/fuzz/tests/fuzz/test_%)
	@for t in $(fuzz_targets); do \
	    mkdir -p $(B)/fuzz/found/$$t; \
	    dict=tests/fuzz/$$t.dict; [ -e $$dict ] && dict=-dict=$$dict || dict=; \
	    { chrt -i 0 nice -n 19 $(B)/fuzz/tests/fuzz/test_$$t -artifact_prefix=$(B)/fuzz/found/$$t- \
	        $(fuzz_how) -report_slow_units=600 $$dict $(B)/fuzz/found/$$t tests/fuzz/corpus/$$t; times; } \
	        >$(B)/fuzz/found/$$t.log 2>&1 & \
	done; wait
	@! grep -l 'Test unit written' $(B)/fuzz/found/*.log
# The same with AFL++, which brings a main() of its own.
fuzz-afl:
	@tests/deps afl
	+@$(MAKE) --no-print-directory -s CC=afl-clang-fast B=$(B)/afl CFLAGS='-O1 -g' \
	    SANITIZE=address,undefined fuzz_engine=-fsanitize=fuzzer $(B)/afl/tests/fuzz/test_$(FUZZ)
	@mkdir -p $(B)/afl/found
	AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_NO_UI=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
	    afl-fuzz -V $(TIME) -i tests/fuzz/corpus/$(FUZZ) -o $(B)/afl/found/$(FUZZ) $(addprefix -x ,$(fuzz_dict)) \
	    -- $(B)/afl/tests/fuzz/test_$(FUZZ)

demo:
	@tests/deps demo
	@echo 'building (the first time takes some seconds)'
	+@$(MAKE) --no-print-directory -s all
	@tests/demo

# What a login costs, beside others on the same cores; not a test.
.PHONY: bench-service bench-login
bench-service:
	@tests/deps bench
	+@$(MAKE) --no-print-directory -s service $(B)/tests/bench/populate
	@B=$(B) tests/bench/service $(BENCH)
bench-login:
	@tests/deps bench
	@tests/bench/unpack $(B)/peers || echo 'without them, then'
	+@$(MAKE) --no-print-directory -s all $(login_bench)
	@B=$(B) tests/bench/login $(BENCH)

# What machines find without running it, or while it runs.
.PHONY: analyse analyse-flags check-tsan
analyse-flags:
	@:$(info $(filter -D_GNU% -DUK_% -I%,$(uk_cflags)) $(cflags_core) $(cflags_agent) $(cflags_tool) $(cflags_service))
analyse: $(B)/tool/loginway/stack.inc
	@tests/deps analyse
	@B=$(B) tests/analyse
check-tsan:
	@tests/deps check
	+@tests/run --tsan
# What asks not to be run with a shadow memory does not go with valgrind's either.
# Checked calls of memmove() are memcpy()'s for memcheck: libc has one code for both.
.PHONY: check-valgrind valgrind-programs
check-valgrind:
	@tests/deps valgrind
	+@$(MAKE) --no-print-directory -s B=$(B)/valgrind SMALL= CFLAGS='-O1 -g -U_FORTIFY_SOURCE' \
	    CPPFLAGS=-D__SANITIZE_ADDRESS__ valgrind-programs
	@B=$(B)/valgrind tests/valgrind
valgrind-programs: all $(unit_tests) $(pam_tests) $(unit_helpers) $(pam_helpers) $(B)/tests/fault/pidfd.so
# Which lines the tests reach.  Optimised, lines would be others' lines.  The module
# stays loaded: unloaded, it would write what it counted under a test's limits.
.PHONY: coverage
coverage_make = $(MAKE) --no-print-directory -s CC=gcc B=$(B)/coverage SMALL= CPPFLAGS=-DUK_UNCONFINED \
    CFLAGS='-O0 -g -U_FORTIFY_SOURCE --coverage'
coverage:
	@tests/deps check
	+@$(coverage_make) $(B)/coverage/tests/fault/exit.o
	+@$(coverage_make) LDFLAGS='-Wl,-z,nodelete,--wrap=_exit $(B)/coverage/tests/fault/exit.o' tests
	@B=$(B)/coverage tests/coverage
.PHONY: format clean help
format:
	clang-format -i $$(git ls-files '*.c' '*.h')
clean:
	rm -rf $(B)

help:
	@echo 'all            module, agent, tool and service, below $(B)/'
	@echo 'demo           the main job, shown: a key logs in by ssh, sudo and su'
	@echo 'check          every test but those of check-slow, with what it needs installed first'
	@echo 'check-slow     what takes its time: doors and troubles, with both forms of the agent'
	@echo 'check-unit     the tests in C alone: no root, no network'
	@echo 'check-root     what needs root: logins in the lab, changes of user, confinement'
	@echo 'check-asan     the tests under AddressSanitizer and UBSan'
	@echo 'check-compilers  build everything with clang as well'
	@echo 'analyse        cppcheck, clang-tidy and gcc -fanalyzer: no finding'
	@echo 'check-tsan     service and agent under ThreadSanitizer'
	@echo 'check-valgrind the C tests of core, agent and module under memcheck'
	@echo 'coverage       which lines the tests reach; fails below 90 %'
	@echo 'fuzz           look for inputs that break FUZZ=json for TIME=60 seconds; ENGINE=afl'
	@echo 'fuzz-all       the same for all targets at once, at idle priority'
	@echo 'bench-login    what a login costs, beside others; BENCH=--quick'
	@echo 'bench-service  how fast keys log in; BENCH=--quick for a minute of it'
	@echo 'deb, rpm       packages of the tree, in $(B)/deb/ and $(B)/rpm/'
	@echo 'install        to DESTDIR; see the variables at the top'
	@echo 'uninstall      what install put there'
	@echo 'po             bring the translations in po/ up to the sources'
	@echo 'format         clang-format all sources'
	@echo 'clean          remove $(B)/'

include conf/install.mk
include conf/packages.mk

# Not those of other trees that are built or kept there.
-include $(shell find $(B) $(foreach dir,debian-root deb deb.new rpm,-path $(B)/$(dir) -prune -o) -type f -name '*.d' -print 2>/dev/null)
