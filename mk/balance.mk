# SPDX-License-Identifier: GPL-3.0-or-later
# The balancer by itself: plans of made-up clusters, replayed by a checker that shares nothing with the planner.
# And a day of a simulated cluster with the module run once an hour.
$B/tests/bench/balance_plan: tests/bench/balance_plan.c $(call libs,cloud annot base)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MF $@.d -Icsrc $(filter %.c %.a,$^) $(LDFLAGS) -l:libjansson.a -lcrypto -lm -o $@

# The tools themselves, and small clusters.
balance: modules $B/tests/bench/balance_plan
	$(Q)tests/run.py balance tests/bench/test_balance_tools.py "tests/bench/bench_balance.py $B --quick" "tests/bench/balance_day.py $B"

# Figures: writes build/bench-balance.json.
bench-balance: $B/tests/bench/balance_plan
	$(Q)tests/bench/bench_balance.py $B

# Pictures of what it does: docs/balance-*.svg.
balance-pictures: $B/tests/bench/balance_plan
	$(Q)$(call need,gnuplot-nox)
	$(Q)tests/bench/balance_pictures.py $B docs
.PHONY: balance bench-balance balance-pictures
