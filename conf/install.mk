# Installing, and its exact mirror.  Included by the Makefile.
#
# One list says what goes where; `install` and `uninstall` both read it.  The
# settings and PAM files go to the examples: installing changes no login.

doc := $(PREFIX)/share/doc/userkey
examples := $(doc)/examples

# MODE SOURCE DESTINATION, or a link.  What ends in .in, the manuals and the examples are
# told the folders that this build uses.
define install_list
0644 $(module) $(PAMDIR)/pam_userkey.so
0755 $(agent) $(LIBEXECDIR)/userkey/userkey-agent
0755 $(tool) $(BINDIR)/userkey
0755 $(service) $(SBINDIR)/userkey-server
link $(BINDIR)/userkey $(LIBEXECDIR)/userkey/userkey-askpass
0644 conf/systemd/userkey-server.service.in $(UNITDIR)/userkey-server.service
0644 conf/systemd/userkey-login-trial.service.in $(UNITDIR)/userkey-login-trial.service
0644 conf/systemd/userkey-agent.service $(UNITDIR)/userkey-agent.service
0644 conf/systemd/userkey-agent.socket $(UNITDIR)/userkey-agent.socket
0644 conf/apparmor/usr.libexec.userkey.userkey-agent $(APPARMOR)/usr.libexec.userkey.userkey-agent
0644 conf/apparmor/usr.sbin.userkey-server $(APPARMOR)/usr.sbin.userkey-server
0644 conf/systemd/polkit-agent-helper@.service.d/userkey.conf $(examples)/polkit-agent-helper@.service.d/userkey.conf
0644 conf/sysusers.d/userkey.conf $(SYSUSERS)/userkey.conf
0644 conf/sysusers.d/userkey-server.conf $(SYSUSERS)/userkey-server.conf
0644 conf/tmpfiles.d/userkey.conf $(TMPFILES)/userkey.conf
0644 conf/completion/userkey.bash $(COMPLETIONS)/bash-completion/completions/userkey
link userkey $(COMPLETIONS)/bash-completion/completions/userkey-server
0644 conf/completion/_userkey $(COMPLETIONS)/zsh/vendor-completions/_userkey
0644 conf/completion/userkey.fish $(COMPLETIONS)/fish/vendor_completions.d/userkey.fish
link userkey.fish $(COMPLETIONS)/fish/vendor_completions.d/userkey-server.fish
$(foreach l,$(if $(translations),$(languages)),0644 $(B)/locale/$(l)/LC_MESSAGES/userkey.mo $(LOCALEDIR)/$(l)/LC_MESSAGES/userkey.mo
)0644 conf/pam-configs/userkey $(PREFIX)/share/pam-configs/userkey
0644 README.md $(doc)/README.md
0644 SECURITY.md $(doc)/SECURITY.md
0644 LICENSE $(doc)/LICENSE
$(foreach f,$(wildcard docs/*.md),0644 $(f) $(doc)/docs/$(notdir $(f))
)0644 conf/userkey.conf $(examples)/userkey.conf
0644 conf/users $(examples)/users
0644 conf/server.conf $(examples)/server.conf
$(foreach f,$(wildcard conf/pam.d/*),0644 $(f) $(examples)/pam.d/$(notdir $(f))
)
$(foreach f,$(wildcard man/*.[1-8]),0644 $(f) $(MANDIR)/man$(subst .,,$(suffix $(f)))/$(notdir $(f))
)
endef
export install_list

# Folders that are ours alone, innermost first: removed when they are empty.
install_dirs := $(doc)/docs $(examples)/pam.d \
    $(examples)/polkit-agent-helper@.service.d $(examples) $(doc) $(LIBEXECDIR)/userkey \
    $(SYSCONFDIR)/userkey

# Each file is put in place by a rename: a login that begins meanwhile finds
# the old module or the new one, never half of one.
.PHONY: install uninstall
install: all
	@install -d -m 0755 '$(DESTDIR)$(SYSCONFDIR)/userkey'
	@echo "$$install_list" | while read -r mode from to; do \
	    [ -n "$$to" ] || continue; \
	    to='$(DESTDIR)'"$$to"; \
	    new="$${to%/*}/.$${to##*/}.new"; \
	    install -d -m 0755 "$${to%/*}" && \
	    case $$mode:$$from in \
	    link:*) ln -sfn "$$from" "$$new" ;; \
	    *.in | *:man/* | *:conf/*) \
	        sed -e 's,@BINDIR@,$(BINDIR),g; s,@LOCALSTATEDIR@,$(LOCALSTATEDIR),g' \
	            -e 's,@SBINDIR@,$(SBINDIR),g; s,@SYSCONFDIR@,$(SYSCONFDIR),g' \
	            -e 's,/usr/libexec/userkey,$(LIBEXECDIR)/userkey,g' \
	            -e 's,/etc/userkey,$(SYSCONFDIR)/userkey,g' \
	            -e 's,/var/lib/userkey-agent,$(LOCALSTATEDIR)/lib/userkey-agent,g' \
	            "$$from" >"$$new" ;; \
	    *) cp "$$from" "$$new" ;; \
	    esac && \
	    { [ "$$mode" = link ] || chmod "$$mode" "$$new"; } && \
	    mv -fT "$$new" "$$to" && \
	    echo "$$to" || exit 1; \
	done
	@[ -n '$(DESTDIR)' ] || echo "no login is changed yet; next: systemd-sysusers &&" \
	    "systemd-tmpfiles --create, then README.md from 'The service' or 'The host' on;" \
	    "'userkey doctor' says what is missing"

uninstall:
	@echo "$$install_list" | while read -r mode from to; do \
	    [ -n "$$to" ] || continue; \
	    [ -e '$(DESTDIR)'"$$to" ] || [ -L '$(DESTDIR)'"$$to" ] || \
	        continue; \
	    rm -f '$(DESTDIR)'"$$to" && echo "$(DESTDIR)$$to" || exit 1; \
	done
	@cd / && for dir in $(install_dirs); do \
	    [ ! -d '$(DESTDIR)'"$$dir" ] || \
	        rmdir --ignore-fail-on-non-empty '$(DESTDIR)'"$$dir"; \
	done
