# SPDX-License-Identifier: GPL-3.0-or-later
# What pxc_info tells as a text: the page of playbooks/report.yml in Chromium, the metrics by Prometheus' own parser. Where the browser
# cannot be installed its part is skipped, with the reason.
report: modules stage
	-$(Q)$(MAKE) --no-print-directory deps-report
	$(Q)tests/run.py --jobs $(JOBS) report "$(PYTOOLS) tests/report/report.py $B" "tests/contract/with_ansible.py system tests/report/report.py $B"
.PHONY: report
