# SPDX-License-Identifier: GPL-3.0-or-later
# The collection as Ansible wants it: what git has, and beside it the program, its links and the generated files.
C        := $B/ansible_collections/pxcloud/pve
VERSION  := $(shell sed -n 's/^version: *//p' galaxy.yml)
BINDIR   := plugins/plugin_utils/bin/linux-$(ARCH)
# Which programs the collection carries; others than the machine's own come from mk/cross.mk.
ARCHES   ?= $(ARCH)
PROGRAMS := $(foreach a,$(ARCHES),$(addprefix plugins/plugin_utils/bin/linux-$a/,pxc pxc-ceph.so))
TOPLEVEL := .ansible-lint LICENSE README.md galaxy.yml CHANGELOG.md bindep.txt requirements.txt
STAGED_DIRS := playbooks roles docs meta changelogs
# The contracts stay behind: what Ansible reads is made of them. So do fragments of the changelog, until a release takes them into it.
COPIED   := $(wildcard $(TOPLEVEL)) $(shell find $(wildcard $(STAGED_DIRS)) -type f ! -name '*.pyc' ! -path '*/fragments/*' 2>/dev/null) \
            $(wildcard plugins/plugin_utils/*.py plugins/inventory/*.py plugins/action/*.py plugins/modules/*.py plugins/filter/*.py)
MODULES  := $(KINDS:%=pxc_%)
# What pxc_load checks files against: the frames of schemas/ with the modules' options in them.
SCHEMAS  := $(wildcard schemas/*.schema.json)

STAGED := $(COPIED:%=$C/%) $(PROGRAMS:%=$C/%) $(MODULES:%=$C/plugins/modules/%) $(MODULES:%=$C/plugins/modules/%.py) \
          $(MODULES:%=$C/plugins/action/%.py) $(FRAGMENTS:plugins/%.yml=$C/plugins/%.py) $C/meta/runtime.yml \
          $C/docs/docsite/rst/guides.rst $(SCHEMAS:%=$C/plugins/plugin_utils/%)

# What no rule makes any more, of an earlier build, must not be packed.
stage: $(STAGED)
	$(Q)find $C \( -type f -o -type l \) ! -path '*/__pycache__/*' | LC_ALL=C sort > $B/staged.have
	$(Q)printf '%s\n' $(STAGED) | LC_ALL=C sort | LC_ALL=C comm -23 $B/staged.have - | xargs -r $(RM)
	$(Q)find $C -type d -empty -delete

$(COPIED:%=$C/%): $C/%: %
	$(Q)mkdir -p $(@D) && cp -p $< $@

$C/$(BINDIR)/pxc $C/$(BINDIR)/pxc-ceph.so: $C/$(BINDIR)/%: $B/bin/%
	$(Q)mkdir -p $(@D) && strip -o $@ $<

$C/plugins/plugin_utils/bin/linux-$(CROSS)/%: $(CROSS_B)/bin/%
	$(Q)mkdir -p $(@D) && $(CROSS)-linux-gnu-strip -o $@ $<

$(MODULES:%=$C/plugins/modules/%): $C/$(BINDIR)/pxc
	$(Q)mkdir -p $(@D) && ln -sfn ../../$(BINDIR)/pxc $@

$C/plugins/modules/%.py: plugins/modules/%.yml $B/bin/argspec $(FRAGMENTS)
	$(Q)mkdir -p $(@D) && $B/bin/argspec py $< > $@

$C/plugins/action/%.py: plugins/modules/%.yml $B/bin/argspec $(FRAGMENTS)
	$(Q)mkdir -p $(@D) && $B/bin/argspec action $< > $@

$C/plugins/doc_fragments/%.py: plugins/doc_fragments/%.yml $B/bin/argspec
	$(Q)mkdir -p $(@D) && $B/bin/argspec fragment $< > $@

$C/meta/runtime.yml: $(CONTRACTS) $B/bin/argspec $(FRAGMENTS)
	$(Q)mkdir -p $(@D) && $B/bin/argspec runtime $(CONTRACTS) > $@

# For docsites, which take no Markdown: the pages of docs/ by their titles.
GUIDES := $(shell sed -n 's/^documentation: *//p' galaxy.yml)
$C/docs/docsite/rst/guides.rst: $(wildcard docs/*.md) galaxy.yml mk/stage.mk
	$(Q)mkdir -p $(@D) && { printf '%s\n' \
		'.. _ansible_collections.pxcloud.pve.docsite.guides:' '' 'Guides' '======' ''; \
		sed -ns '1{s/^# //; s/`//g; F; p}' $(filter %.md,$^) | \
		sed 'N; s|^docs/\(.*\)\n\(.*\)|* `\2 <$(subst /tree/,/blob/,$(GUIDES))/\1>`__|'; } > $@

$(SCHEMAS:%=$C/plugins/plugin_utils/%): $C/plugins/plugin_utils/%: % $B/bin/argspec $(CONTRACTS) $(FRAGMENTS)
	$(Q)mkdir -p $(@D) && $B/bin/argspec schema $< $(CONTRACTS) > $@

TARBALL := $B/dist/pxcloud-pve-$(VERSION).tar.gz
dist: $(TARBALL)
$(TARBALL): $(STAGED) | stage
	$(Q)mkdir -p $(@D)
	$(Q)ansible-galaxy collection build --force --output-path $(@D) $C

install: $(TARBALL)
	$(Q)ansible-galaxy collection install --force $<

.PHONY: stage dist install

demo: deps
	$(Q)$(MAKE) --no-print-directory modules stage
	$(Q)KEEP=$(KEEP) mk/demo.sh $B
.PHONY: demo
