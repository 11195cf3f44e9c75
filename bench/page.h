/* SPDX-License-Identifier: MIT */
/* The fixed parts of report.html: style sheet and script, so that the page needs no network. */
#ifndef KVM_BENCH_PAGE_H
#define KVM_BENCH_PAGE_H

extern const char page_head[];	/* up to the text of <title> */
extern const char page_style[]; /* from </title> to the start of the content */
extern const char page_end[];	/* from the content's end */

#endif
