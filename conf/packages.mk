# Packages from the tree as it stands.  Included by the Makefile.
#
# They are built in a copy of what git knows (or of everything, where there is
# no git), below $(B): the tree stays as it is.  What the packages have comes
# from install.mk.

deb_version = $(shell sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
deb_name    = userkey-$(deb_version)
DEB_FLAGS  ?= -us -uc -b

# The tree, in the folder $(1).
define copy_tree
rm -rf '$(1)' && mkdir -p '$(1)' && \
if git rev-parse HEAD >/dev/null 2>&1; then \
    git ls-files -z -co --exclude-standard; \
else \
    find . -path './$(firstword $(subst /, ,$(B)))' -prune -o -type f -print0; \
fi | xargs -0 cp -P --parents -t '$(1)'
endef

# The new ones take the place of the old at the end, all at once.
.PHONY: deb
deb:
	@tests/deps packages
	@rm -rf $(B)/deb.new
	@$(call copy_tree,$(B)/deb.new/$(deb_name))
	@echo 'building the packages of userkey $(deb_version)'
	@cd $(B)/deb.new/$(deb_name) && \
	    if ! env -u MAKEFLAGS -u MAKELEVEL -u B -u DESTDIR \
	        dpkg-buildpackage $(DEB_FLAGS) -j2 >../build.log 2>&1; then \
	        tail -n 40 ../build.log >&2; exit 1; fi
	@rm -rf $(B)/deb.new/$(deb_name) $(B)/deb
	@mv $(B)/deb.new $(B)/deb
	@ls $(B)/deb/*.deb

# Where rpmbuild knows no packages of the distribution, as on Debian, it cannot
# tell whether what is needed is there: RPM_FLAGS=--nodeps.
RPM_FLAGS ?= $(if $(wildcard /etc/debian_version),--nodeps)
.PHONY: rpm
rpm:
	@rm -rf $(B)/rpm
	@$(call copy_tree,$(B)/rpm/SOURCES/$(deb_name))
	@tar -C $(B)/rpm/SOURCES -czf $(B)/rpm/SOURCES/$(deb_name).tar.gz $(deb_name)
	@echo 'building the packages of userkey $(deb_version)'
	@if ! env -u MAKEFLAGS -u MAKELEVEL -u B -u DESTDIR rpmbuild -bb $(RPM_FLAGS) \
	    --define '_topdir $(abspath $(B))/rpm' --define 'userkey_version $(deb_version)' \
	    packaging/userkey.spec >$(B)/rpm/build.log 2>&1; then \
	    tail -n 40 $(B)/rpm/build.log >&2; exit 1; fi
	@rm -rf $(B)/rpm/SOURCES $(B)/rpm/BUILD $(B)/rpm/BUILDROOT
	@find $(B)/rpm/RPMS -name '*.rpm'
