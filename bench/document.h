/* SPDX-License-Identifier: MIT */
/*
 * A report before it has a format: headings, sentences, tables, plots, verdicts
 * in reading order, then written as one HTML page or as Markdown. Both carry the
 * same facts because both are written from this.
 *
 * Texts are plain and escaped by the writers; `back quotes` mark code.
 */
#ifndef KVM_BENCH_DOCUMENT_H
#define KVM_BENCH_DOCUMENT_H

#include <stdbool.h>
#include <stdio.h>

#include "bench.h"

struct document;
struct table;

/* Shown by a sign and a word as well as by colour. */
enum state { STATE_PLAIN, STATE_GOOD, STATE_BAD, STATE_WARN, STATE_UNKNOWN };

/* base: the folder that file names in the document are relative to. */
struct document *document_new(const char *base, const char *title);
void document_free(struct document *document);

/* level 2 or 3; id: letters, digits and '-', unique. Level 2 is in the table of contents. */
void document_heading(struct document *document, int level, const char *id, const char *text);
void document_text(struct document *document, const char *format, ...) PRINTF(2, 3);
/* A section without data: one line that says what would produce them. */
void document_missing(struct document *document, const char *format, ...) PRINTF(2, 3);
/* Consecutive verdicts share a box. */
void document_verdict(struct document *document, enum state state, const char *label,
		      const char *format, ...) PRINTF(4, 5);
/* Until document_pair_end(), plots stand beside tables where the page is wide enough. */
void document_pair_begin(struct document *document);
void document_pair_end(struct document *document);
/* An SVG file and the CSV file it was drawn from, relative to base. */
void document_plot(struct document *document, const char *svg, const char *csv,
		   const char *description);

/* caption: one line above the table. Columns first, then rows, cell by cell. */
struct table *document_table(struct document *document, const char *caption);
enum column { COLUMN_TEXT, COLUMN_NUMBER };
void table_column(struct table *table, enum column kind, const char *title);
void table_row(struct table *table);
void table_text(struct table *table, const char *format, ...) PRINTF(2, 3);
/* A number as text, and what it sorts by. */
void table_value(struct table *table, double sort, const char *format, ...) PRINTF(3, 4);
/* A cell that says nothing: a dash. */
void table_none(struct table *table);
/* Colours and signs the cell written last. */
void table_state(struct table *table, enum state state);
size_t table_rows(const struct table *table);

void document_write_html(const struct document *document, FILE *file);
void document_write_markdown(const struct document *document, FILE *file);

/* The pieces, for Markdown that stands alone (compare, merge). */
struct table *table_new(void);
void table_free(struct table *table);
void table_write_markdown(const struct table *table, FILE *file);

#endif
