# SPDX-License-Identifier: GPL-3.0-or-later
# What the build, the demo and the tests need, as Debian names it (12 and 13).
DEB_BUILD := build-essential pkg-config libcurl4-openssl-dev libssl-dev libjansson-dev libyaml-dev libmicrohttpd-dev \
             librados-dev librbd-dev libarchive-dev zlib1g-dev liblzma-dev libzstd-dev
DEB_RUN   := ansible-core python3-yaml python3-jsonschema
DEB_CEPH  := ceph-mon ceph-osd ceph-mgr ceph-common qemu-utils qemu-block-extra zstd xz-utils bzip2 libarchive-tools
DEB_TEST  := clang libclang-rt-dev llvm clang-format clang-tidy cppcheck shellcheck valgrind libcmocka-dev yamllint wrk curl openssl python3-venv procps
# Only for test-boot and test-boot-short: an emulator, and what makes disks that boot without mounting anything.
DEB_BOOT  := qemu-system-x86 busybox-static e2fsprogs fdisk kmod libarchive-tools mtools openssh-client syslinux mmdebstrap
# Only for test-netns where the kernel can do it by itself; else it needs what test-boot needs.
DEB_NETNS := iproute2 iputils-ping tcpdump
# Only for report: a browser, which reads the page as people will.
DEB_REPORT := chromium openssl
# Only for test-execution: the client; the server is unpacked below $B and never installed.
DEB_SSH   := openssh-client
DEB_LISTED := $(DEB_BUILD) $(DEB_RUN) $(DEB_CEPH) $(DEB_TEST)
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
APT  := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o=Dpkg::Use-Pty=0

# Only what is missing is installed, and nothing is asked of the network when all is there.
need = missing=$$(for p in $1; do \
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'install ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then echo "installing:" $$missing; \
		$(APT) update >/dev/null && $(APT) install --no-install-recommends $$missing >/dev/null; fi
deps:
	$(Q)$(call need,$(DEB_LISTED))
deps-boot:
	$(Q)$(call need,$(DEB_RUN) $(DEB_CEPH) $(DEB_BOOT))
deps-netns:
	$(Q)$(call need,$(DEB_NETNS))
deps-report:
	$(Q)$(call need,$(DEB_REPORT))
deps-ssh:
	$(Q)$(call need,$(DEB_SSH))
.PHONY: deps deps-boot deps-netns deps-report deps-ssh
