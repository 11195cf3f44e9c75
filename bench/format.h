/* SPDX-License-Identifier: MIT */
/* Numbers as a reader wants them: a unit that fits, three to four digits, intervals as ±. */
#ifndef KVM_BENCH_FORMAT_H
#define KVM_BENCH_FORMAT_H

#include "results.h"

/* Returned by value: `quantity("ns", 1.5e6).text` lives to the end of its expression. */
struct text {
	char text[96];
};

/* "1.500 ms", "1.43 MiB", "2,980" (instructions, counts: every digit), "12.4 %". */
struct text quantity(const char *unit, double value);
/*
 * Median and the half width of its 95 % interval, "1.500 ± 0.012 ms"; with fewer than 6 values,
 * which make no such interval, least and most: "1.500 (1.470 to 1.600) ms"; alone if all are equal.
 */
struct text measured(const struct series *series);
/* "4.31×"; below 1 with as many digits. */
struct text ratio_text(double ratio);
/* "1,461": value rounded to a whole number. */
struct text grouped(double value);
/* "+3.1 %", "−0.4 %". */
struct text percent_change(double share);

/* a over b, with the bounds that both medians' intervals leave open. */
struct ratio {
	double value, low, high;
};
struct ratio series_ratio(const struct series *a, const struct series *b);
/* "31.2×", and if the bounds differ visibly " (29.8 to 32.7)". */
struct text ratio_range(struct ratio ratio);

/* Largest distance from the median to an end of its interval. */
double half_width(const struct series *series);

/* Axis unit for values up to `largest` of `unit`: its name, and what to divide by. */
struct axis {
	const char *name;
	double divisor;
};
struct axis axis_for(const char *unit, double largest);

#endif
