/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/progress.h"

#include "base/buf.h"

static void put_time(struct pxc_buf *out, int64_t ms)
{
	long long s = (ms + 999) / 1000;

	if (s >= 3600)
		buf_printf(out, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
	else
		buf_printf(out, "%02lld:%02lld", s / 60, s % 60);
}

char *progress_line(struct progress *p, int64_t now_ms)
{
	struct pxc_buf out = { .data = NULL };

	if (now_ms - p->said_ms < PROGRESS_MS)
		return NULL;
	p->said_ms = now_ms;
	buf_printf(&out, "%zu of %zu done", p->done, p->all);
	if (p->under_way)
		buf_printf(&out, ", %zu running", p->under_way);
	if (p->failed)
		buf_printf(&out, ", %zu failed", p->failed);
	/* As fast as until now; nothing is known before the first has ended. */
	if (p->done && p->done < p->all) {
		buf_adds(&out, ", about ");
		put_time(&out,
			 (now_ms - p->began_ms) * (int64_t)(p->all - p->done) / (int64_t)p->done);
		buf_adds(&out, " left");
	}
	return buf_take(&out);
}
