/* SPDX-License-Identifier: GPL-3.0-or-later */
/* relax.c - what one node would take if items could be divided, and the bound that its slopes give. */
#include "cloud/balance/pack.h"

#define STEEP 30  /* how much steeper F is made above a limit */
#define SWEEPS 40 /* over all items, and over the active ones after each */

double bal_pack_slope(const struct bal_pack *p, const double x[PRICED], int r)
{
	double over = x[r] - p->top[r];

	return 2 * p->factor[r] * (over > 0 ? x[r] + STEEP * over : x[r]);
}

void bal_pack_fill(const struct bal_packing *k, double x[PRICED])
{
	memcpy(x, k->low, sizeof(k->low));
	for (int32_t i = 0; i < k->n; i++)
		for (int r = 0; r < PRICED; r++)
			x[r] += k->y[i] * k->d[i][r];
}

/* One item by an exact step to where it is best; what that gains, roughly. */
static double step_one(struct bal_packing *k, int32_t i, double x[PRICED])
{
	const struct bal_pack *p = k->p;
	double rise = k->price[i], bend = 0, step;

	for (int r = 0; r < PRICED; r++)
		rise += bal_pack_slope(p, x, r) * k->d[i][r];
	if ((rise >= 0 && k->y[i] <= 0) || (rise <= 0 && k->y[i] >= 1))
		return 0;
	for (int r = 0; r < PRICED; r++)
		bend += 2 * p->factor[r] * k->d[i][r] * k->d[i][r] *
			(x[r] > p->top[r] ? 1 + STEEP : 1);
	step = bend > 0 ? -rise / bend : rise > 0 ? -1 : 1;
	step = step < -k->y[i] ? -k->y[i] : step;
	step = step > 1 - k->y[i] ? 1 - k->y[i] : step;
	k->y[i] += step;
	for (int r = 0; r < PRICED; r++)
		x[r] += step * k->d[i][r];
	return -step * rise;
}

void bal_pack_settle(struct bal_packing *k, double x[PRICED])
{
	const double little = k->slack / 16;

	for (int sweep = 0; sweep < SWEEPS; sweep++) {
		double most = 0;
		int32_t n = 0;

		k->p->looked += k->n;
		for (int32_t i = 0; i < k->n; i++) {
			double gain = k->fixed[i] < 0 ? step_one(k, i, x) : 0;

			most = gain > most ? gain : most;
			if (gain > 0 && n < BAL_ACTIVE)
				k->active[n++] = i;
		}
		if (most < little)
			break;
		for (int again = 0; most >= little && again < SWEEPS; again++) {
			most = 0;
			for (int32_t i = 0; i < n; i++) {
				double gain = step_one(k, k->active[i], x);

				most = gain > most ? gain : most;
			}
		}
	}
}

double bal_pack_dual(const struct bal_packing *k, const double x[PRICED])
{
	const struct bal_pack *p = k->p;
	double sum = k->settled, slopes[PRICED], least[PRICED];

	memcpy(least, k->low, sizeof(least));
	for (int r = 0; r < PRICED; r++)
		slopes[r] = bal_pack_slope(p, x, r);
	for (int32_t i = 0; i < k->n; i++) {
		double rise = k->price[i];

		for (int r = 0; r < PRICED && k->fixed[i] > 0; r++)
			least[r] += k->d[i][r];
		for (int r = 0; r < PRICED && k->fixed[i] < 0; r++)
			rise += slopes[r] * k->d[i][r];
		if (k->fixed[i] < 0 ? rise < 0 : k->fixed[i])
			sum += rise;
	}
	for (int r = 0; r < PRICED; r++) {
		double at;

		if (least[r] > p->top[r] + BAL_WHOLE)
			return BAL_NEVER;
		if (p->factor[r] <= 0)
			continue;
		at = slopes[r] / (2 * p->factor[r]);
		at = at > p->top[r] ? p->top[r] : at;
		at = at < least[r] ? least[r] : at;
		sum += p->factor[r] * at * at - slopes[r] * (at - least[r]);
	}
	return sum;
}
