/* SPDX-License-Identifier: MIT */
/* What the tables of workloads share: texts that several guests print, and short forms. */
#ifndef SUITE_H
#define SUITE_H

/* For workload.guest_counts. */
#define ALONE (1u << 0)
#define TWO (1u << 1)
#define FOUR (1u << 3)

/* a x 1 to a x 9, the products written out: computed, they would repeat a guest's mistake. */
#define TIMES(a, p1, p2, p3, p4, p5, p6, p7, p8, p9)                                               \
	a " x 1 = " p1 "\n" a " x 2 = " p2 "\n" a " x 3 = " p3 "\n" a " x 4 = " p4 "\n" a          \
	  " x 5 = " p5 "\n" a " x 6 = " p6 "\n" a " x 7 = " p7 "\n" a " x 8 = " p8 "\n" a          \
	  " x 9 = " p9 "\n"

/* clang-format off */
#define MULTIPLICATION_TABLE                                                                       \
	TIMES("2", "2", "4", "6", "8", "10", "12", "14", "16", "18")                               \
	TIMES("3", "3", "6", "9", "12", "15", "18", "21", "24", "27")                              \
	TIMES("4", "4", "8", "12", "16", "20", "24", "28", "32", "36")                             \
	TIMES("5", "5", "10", "15", "20", "25", "30", "35", "40", "45")                            \
	TIMES("6", "6", "12", "18", "24", "30", "36", "42", "48", "54")                            \
	TIMES("7", "7", "14", "21", "28", "35", "42", "49", "56", "63")                            \
	TIMES("8", "8", "16", "24", "32", "40", "48", "56", "64", "72")                            \
	TIMES("9", "9", "18", "27", "36", "45", "54", "63", "72", "81")
/* clang-format on */

#define FIBONACCI "0 1 1 2 3 5 8 13 21 34 55 89\n"
#endif
