/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"

void pxc_mem_init(void)
{
	json_set_alloc_funcs(pxc_alloc, free);
}
