/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/plan.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

static char *vprint(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

static char *vprint(const char *fmt, va_list ap)
{
	char text[512];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	return pxc_strdup(text);
}

void pxc_plans_release(struct pxc_plans *plans)
{
	for (size_t i = 0; i < plans->nplans; i++) {
		struct pxc_plan *p = plans->plans[i];

		for (size_t k = 0; k < p->nsteps; k++) {
			json_decref(p->steps[k].args);
			free(p->steps[k].why);
		}
		free(p->steps);
		free(p->takes_back);
		free((void *)p->waits_for);
		json_decref(p->before);
		json_decref(p->after);
		json_decref(p->item);
		json_decref(p->notes);
		free(p);
	}
	free(plans->plans);
	*plans = (struct pxc_plans){ .nplans = 0 };
}

struct pxc_plan *pxc_plans_add(struct pxc_plans *plans, const char *label)
{
	struct pxc_plan *p = pxc_calloc(1, sizeof(*p));

	p->label = label;
	p->allow = PXC_DESTROYS;
	plans->plans = pxc_realloc(plans->plans, (plans->nplans + 1) * sizeof(*plans->plans));
	plans->plans[plans->nplans++] = p;
	return p;
}

bool pxc_plan_changes(const struct pxc_plan *plan)
{
	for (size_t i = 0; i < plan->nsteps; i++)
		if (plan->steps[i].impact > PXC_WAITS)
			return true;
	return false;
}

const char *pxc_impact_name(enum pxc_impact impact)
{
	static const char *const names[] = {
		[PXC_WAITS] = "waits",
		[PXC_QUIET] = "quiet",
		[PXC_DISRUPTS] = "disrupts",
		[PXC_DESTROYS] = "destroys",
	};

	return names[impact];
}

void pxc_plan_add(struct pxc_plan *plan, int op, enum pxc_impact impact, json_t *args_new,
		  const char *why, ...)
{
	struct pxc_step *step;
	va_list ap;

	plan->steps = pxc_realloc(plan->steps, (plan->nsteps + 1) * sizeof(*plan->steps));
	step = &plan->steps[plan->nsteps++];
	*step = (struct pxc_step){ .op = op, .impact = impact };
	step->args = args_new ? args_new : json_object();
	va_start(ap, why);
	step->why = vprint(why, ap);
	va_end(ap);
}

void pxc_plan_after(struct pxc_plan *plan, const struct pxc_plan *other)
{
	plan->waits_for = pxc_realloc((void *)plan->waits_for,
				      (plan->nwaits_for + 1) * sizeof(struct pxc_plan *));
	plan->waits_for[plan->nwaits_for++] = other;
}

void pxc_plan_warn(struct pxc_plan *plan, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = vprint(fmt, ap);
	va_end(ap);
	if (!plan->notes)
		plan->notes = json_array();
	(void)json_array_append_new(plan->notes, json_string(text));
	free(text);
}
