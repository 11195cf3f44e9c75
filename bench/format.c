/* SPDX-License-Identifier: MIT */
#include "format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct scale {
	const char *unit; /* as in samples.csv */
	double least;	  /* smallest value shown so */
	const char *name;
};

/* Largest first for each unit. Units that are not here are shown in full. */
static const struct scale scales[] = {
	{ "ns", 1e9, "s" },
	{ "ns", 1e6, "ms" },
	{ "ns", 1e3, "µs" },
	{ "ns", 0, "ns" },
	{ "bytes", 1024.0 * 1024 * 1024, "GiB" },
	{ "bytes", 1024.0 * 1024, "MiB" },
	{ "bytes", 1024.0, "KiB" },
	{ "bytes", 0, "B" },
};

static const struct scale *scale_of(const char *unit, double value)
{
	for (size_t i = 0; i < ARRAY_SIZE(scales); i++)
		if (!strcmp(scales[i].unit, unit) && fabs(value) >= scales[i].least)
			return &scales[i];
	return NULL;
}

struct text grouped(double value)
{
	struct text digits, out = { "" };
	size_t length, at = 0;

	if (!isfinite(value) || fabs(value) >= 1e18) {
		snprintf(out.text, sizeof out.text, "%g", value);
		return out;
	}
	snprintf(digits.text, sizeof digits.text, "%.0f", fabs(value));
	length = strlen(digits.text);
	if (value <= -0.5)
		out.text[at++] = '-';
	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			out.text[at++] = ',';
		out.text[at++] = digits.text[i];
	}
	out.text[at] = '\0';
	return out;
}

/* Four digits: 1.234, 12.34, 123.4, 1234. */
static int decimals(double value)
{
	value = fabs(value);
	return value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : 3;
}

static struct text fixed(double value, int digits)
{
	struct text out;

	snprintf(out.text, sizeof out.text, "%.*f", digits, value);
	return out;
}

struct text quantity(const char *unit, double value)
{
	const struct scale *scale = scale_of(unit, value);
	struct text out;

	if (!isfinite(value)) {
		snprintf(out.text, sizeof out.text, "–");
	} else if (scale) {
		double divisor = scale->least > 0 ? scale->least : 1;
		bool whole = divisor == 1 && value == floor(value);

		snprintf(out.text, sizeof out.text, "%.*f %s",
			 whole ? 0 : decimals(value / divisor), value / divisor, scale->name);
	} else if (value == floor(value) || fabs(value) >= 1000) {
		out = grouped(value);
	} else {
		snprintf(out.text, sizeof out.text, "%.*f", decimals(value), value);
	}
	return out;
}

double half_width(const struct series *series)
{
	return fmax(series->interval.high - series->median, series->median - series->interval.low);
}

struct text measured(const struct series *series)
{
	const struct scale *scale = scale_of(series->unit, series->median);
	double divisor = scale && scale->least > 0 ? scale->least : 1;
	double half = half_width(series) / divisor, median = series->median / divisor;
	struct text out;

	if (series->count == 1 && !strcmp(series->unit, "ns")) {
		snprintf(out.text, sizeof out.text, "%.60s (1 run)",
			 quantity("ns", series->median).text);
		return out;
	}
	if (!series->count || half == 0 || series->count == 1)
		return quantity(series->unit, series->median);
	/* Too few runs for an interval worth its name: what was seen instead. */
	if (series->interval.confidence < 0.95) {
		bool whole = !scale && median >= 1000;
		double low = series->sorted[0] / divisor,
		       high = series->sorted[series->count - 1] / divisor;

		snprintf(out.text, sizeof out.text, "%.24s (%.24s to %.24s)%s%s",
			 whole ? grouped(median).text : fixed(median, decimals(median)).text,
			 whole ? grouped(low).text : fixed(low, decimals(median)).text,
			 whole ? grouped(high).text : fixed(high, decimals(median)).text,
			 scale ? " " : "", scale ? scale->name : "");
		return out;
	}
	if (!scale && median >= 1000)
		snprintf(out.text, sizeof out.text, "%.40s ± %.40s", grouped(median).text,
			 grouped(ceil(half)).text);
	else
		snprintf(out.text, sizeof out.text, "%.*f ± %.*f%s%s", decimals(median), median,
			 decimals(median), half, scale ? " " : "", scale ? scale->name : "");
	return out;
}

struct text ratio_text(double ratio)
{
	struct text out;

	if (!isfinite(ratio))
		snprintf(out.text, sizeof out.text, "–");
	else if (ratio >= 1000)
		snprintf(out.text, sizeof out.text, "%.40s×", grouped(ratio).text);
	else
		snprintf(out.text, sizeof out.text, "%.*f×",
			 ratio >= 100	 ? 0
			 : ratio >= 10	 ? 1
			 : ratio >= 0.1	 ? 2
			 : ratio >= 0.01 ? 3
					 : 5,
			 ratio);
	return out;
}

struct text percent_change(double share)
{
	struct text out;

	snprintf(out.text, sizeof out.text, "%s%.*f %%", share < 0 ? "−" : "+",
		 fabs(share) < 0.001 ? 2 : 1, fabs(share) * 100);
	return out;
}

struct ratio series_ratio(const struct series *a, const struct series *b)
{
	struct ratio ratio = { NAN, NAN, NAN };

	if (!a || !b || !(b->median > 0))
		return ratio;
	ratio.value = a->median / b->median;
	ratio.low = b->interval.high > 0 ? a->interval.low / b->interval.high : NAN;
	ratio.high = b->interval.low > 0 ? a->interval.high / b->interval.low : NAN;
	return ratio;
}

struct text ratio_range(struct ratio ratio)
{
	struct text value = ratio_text(ratio.value), low = ratio_text(ratio.low);
	struct text high = ratio_text(ratio.high), out;

	if (!isfinite(ratio.low) || !isfinite(ratio.high) ||
	    (!strcmp(low.text, value.text) && !strcmp(high.text, value.text)))
		return value;
	/* The sign once is enough. */
	low.text[strlen(low.text) - strlen("×")] = '\0';
	high.text[strlen(high.text) - strlen("×")] = '\0';
	snprintf(out.text, sizeof out.text, "%.28s (%.28s to %.28s)", value.text, low.text,
		 high.text);
	return out;
}

struct axis axis_for(const char *unit, double largest)
{
	const struct scale *scale = scale_of(unit, largest);

	if (!scale)
		return (struct axis){ unit, 1 };
	return (struct axis){ scale->name, scale->least > 0 ? scale->least : 1 };
}
