# SPDX-License-Identifier: GPL-3.0-or-later
# What a script can check, it checks: warnings by two compilers, layers, purity, format, banned calls, size, YAML, Python, shell, playbooks.
C_FILES := $(wildcard csrc/*/*.[ch] csrc/*/*/*.[ch] csrc/*.c tests/lib/*.[ch] tests/ceph/*.c tests/execution/*.c tests/unit/*/*.[ch] tests/unit/*/*/*.[ch] tests/property/*.c tests/fuzz/*.c tests/bench/*.c)

# The cloud layer computes and formats; it never looks at the world: no files, no clock, no environment, no network.
IMPURE := open|openat|fopen|read|fread|write|fwrite|printf|puts|getenv|secure_getenv|time|clock_gettime|gettimeofday|random|rand|getrandom|socket|connect|send|recv|curl_.*|pve_.*|ans_.*|json_load_file|json_dump_file|system|popen|fork|exec.*|getpid|gethostname

lint: lint-compile lint-layers lint-format lint-rules lint-yaml lint-python lint-shell lint-ansible lint-cppcheck lint-tidy
	$(Q)echo "lint: clean"

# What takes long: clang's analyzer, and all that the ecosystem looks at.
lint-full: lint lint-analyze sanity

lint-compile:
	$(Q)for cc in gcc clang; do \
		echo "lint: $$cc -Werror"; \
		$(MAKE) --no-print-directory B=$B/lint-$$cc CC=$$cc WERROR=1 modules $B/lint-$$cc/.tests-compile || exit 1; done

$B/.tests-compile: $(call TESTBIN,$(unit_src) $(prop_src) $(wildcard tests/ceph/*.c))
	$(Q)touch $@

lint-layers: $B/libcloud.a $B/libannot.a
	$(Q)! nm -u $^ | awk 'NF == 2 {print $$2}' | sed 's/@.*//; s/^__\(.*\)_chk$$/\1/' | sort -u | grep -xE '$(IMPURE)' || \
		{ echo "lint: cloud/ and annot/ must be pure: the calls above look at the world"; exit 1; }
	$(Q)! grep -rn '#include "\.\./' csrc tests || { echo "lint: include by layer, not by path"; exit 1; }

lint-format:
	$(Q)clang-format --dry-run -Werror $(C_FILES)

lint-rules:
	$(Q)! grep -nE '\b(sprintf|vsprintf|strcpy|strcat|strtok|gets|atoi|atol|system|popen|alloca)\(' $(wildcard csrc/*/*.c csrc/*/*/*.c) || \
		{ echo "lint: banned calls"; exit 1; }
	$(Q)! grep -rnwE 'TODO|FIXME|XXX' csrc plugins playbooks mk tests --include=*.c --include=*.h --include=*.py --include=*.yml --include=*.mk \
		--exclude=lint.mk || { echo "lint: unfinished lines"; exit 1; }
	$(Q)! wc -l $(C_FILES) | awk '$$1 > 500 && $$2 != "total" {print; bad = 1} END {exit !bad}' || \
		{ echo "lint: files over 500 lines: split them by noun"; exit 1; }
	$(Q)! grep -ln check_mode $(wildcard csrc/*/*.c csrc/*/*/*.c) | grep -vE '^csrc/(ansible/(args|dump|task)|modules/kind)\.c|^csrc/tools/' || \
		{ echo "lint: only the loop and ansible/ know check mode"; exit 1; }
	$(Q)for f in $(wildcard csrc/*/*.[ch] csrc/*/*/*.[ch] mk/* plugins/*/*.yml plugins/*/*.py playbooks/*.yml); do \
		head -n 4 $$f | grep -q 'SPDX-License-[I]dentifier: GPL-3.0-or-later' || { echo "lint: $$f has no SPDX line"; exit 1; }; done

lint-yaml:
	$(Q)yamllint -s -c .yamllint plugins playbooks roles schemas galaxy.yml meta docs changelogs/config.yaml

# What others import is checked strictly, scripts as far as they say types; each folder by itself, since some have files of one name.
MYPY := $(PYTOOLS) mypy --no-error-summary --cache-dir $B/mypy
MYPY_STRICT  := tests/lib tests/sanity
MYPY_SCRIPTS := $(sort $(patsubst %/,%,$(dir $(wildcard tests/*.py tests/*/*.py))))
lint-python:
	$(Q)$(PYTOOLS) ruff check --quiet --output-format concise
	$(Q)$(MYPY) --strict $(foreach d,$(MYPY_STRICT),$(wildcard $d/*.py))
	$(Q)$(foreach d,$(sort $(dir $(wildcard plugins/*/*.py))),$(MYPY) --check-untyped-defs --disable-error-code var-annotated $(wildcard $d*.py) &&) true
	$(Q)$(foreach d,$(filter-out $(MYPY_STRICT),$(MYPY_SCRIPTS)),$(MYPY) $(wildcard $d/*.py) &&) true

SCRIPTS := .ci/run $(shell grep -lE '^\#!/(usr/)?bin/(env )?(ba)?sh' $$(find mk tests -type f -perm -u+x))
lint-shell:
	$(Q)shellcheck --severity=warning $(SCRIPTS)

# The collection as it is packed, by the profile that Automation Hub asks for (.ansible-lint).
lint-ansible: stage
	$(Q)cd $C && ANSIBLE_COLLECTIONS_PATH=$(abspath $B) $(abspath $(firstword $(PYTOOLS))) $(abspath $B)/pytools:$(abspath tests/pytools.txt) \
		ansible-lint --nocolor -q --format pep8

format:
	$(Q)clang-format -i $(C_FILES)
	$(Q)$(PYTOOLS) ruff check --quiet --fix
.PHONY: lint lint-full lint-python lint-shell lint-ansible lint-compile lint-layers lint-format lint-rules lint-yaml format
