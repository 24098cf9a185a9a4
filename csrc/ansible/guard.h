/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guard.h - the one place that writes to standard output, once. Layer: ansible. */
#pragma once

/* Write text and a line break to standard output, unless something was printed already. */
void guard_print(const char *text);
