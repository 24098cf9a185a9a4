/* SPDX-License-Identifier: GPL-3.0-or-later */
/* licence.h - what generated files say of their licence. Layer: tools. */
#pragma once

/* In two parts: programs that look for such lines would take a whole one for that of the file it is written in. */
#define LICENCE_LINE                                                                               \
	"SPDX-License-"                                                                            \
	"Identifier: GPL-3.0-or-later"
