/* SPDX-License-Identifier: MIT */
#include "document.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"

struct cell {
	char *text;
	double sort; /* NaN: sorts by its text */
	enum state state;
};

struct table {
	char *caption;
	char **title;
	enum column *kind;
	size_t columns;
	struct cell *cell;
	size_t cells;
};

enum block_kind {
	BLOCK_HEADING,
	BLOCK_TEXT,
	BLOCK_MISSING,
	BLOCK_VERDICT,
	BLOCK_TABLE,
	BLOCK_PLOT,
	BLOCK_PAIR_BEGIN,
	BLOCK_PAIR_END,
};

struct block {
	enum block_kind kind;
	int level;
	enum state state;
	char *id;   /* heading: id; plot: SVG; verdict: label */
	char *text; /* plot: description */
	char *csv;
	struct table *table;
};

struct document {
	char *base, *title;
	struct block *block;
	size_t blocks;
};

static const struct {
	const char *sign, *class;
} states[] = {
	[STATE_PLAIN] = { "", "" },	      [STATE_GOOD] = { "✓", "good" },
	[STATE_BAD] = { "✗", "bad" },	      [STATE_WARN] = { "!", "warn" },
	[STATE_UNKNOWN] = { "?", "unknown" },
};

/* Characters of UTF-8, not bytes. */
static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

/* ---- Building ---- */
struct document *document_new(const char *base, const char *title)
{
	struct document *document = xcalloc(1, sizeof *document);

	document->base = xstrdup(base);
	document->title = xstrdup(title);
	return document;
}

static struct block *add_block(struct document *document, enum block_kind kind)
{
	struct block *block;

	document->block =
	    xrealloc(document->block, (document->blocks + 1) * sizeof *document->block);
	block = &document->block[document->blocks++];
	*block = (struct block){ .kind = kind };
	return block;
}

static char *format_text(const char *format, va_list arguments)
{
	char *text = NULL;

	if (vasprintf(&text, format, arguments) < 0)
		die(STATUS_HOST, "out of memory; close other programs and run again");
	return text;
}

void document_heading(struct document *document, int level, const char *id, const char *text)
{
	struct block *block = add_block(document, BLOCK_HEADING);

	block->level = level;
	block->id = xstrdup(id);
	block->text = xstrdup(text);
}

void document_text(struct document *document, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_block(document, BLOCK_TEXT)->text = format_text(format, arguments);
	va_end(arguments);
}

void document_missing(struct document *document, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_block(document, BLOCK_MISSING)->text = format_text(format, arguments);
	va_end(arguments);
}

void document_verdict(struct document *document, enum state state, const char *label,
		      const char *format, ...)
{
	struct block *block = add_block(document, BLOCK_VERDICT);
	va_list arguments;

	block->state = state;
	block->id = xstrdup(label);
	va_start(arguments, format);
	block->text = format_text(format, arguments);
	va_end(arguments);
}

void document_pair_begin(struct document *document)
{
	add_block(document, BLOCK_PAIR_BEGIN);
}

void document_pair_end(struct document *document)
{
	add_block(document, BLOCK_PAIR_END);
}

void document_plot(struct document *document, const char *svg, const char *csv,
		   const char *description)
{
	struct block *block = add_block(document, BLOCK_PLOT);

	block->id = xstrdup(svg);
	block->csv = xstrdup(csv);
	block->text = xstrdup(description);
}

struct table *table_new(void)
{
	return xcalloc(1, sizeof(struct table));
}

struct table *document_table(struct document *document, const char *caption)
{
	struct table *table = table_new();

	table->caption = xstrdup(caption);
	add_block(document, BLOCK_TABLE)->table = table;
	return table;
}

void table_column(struct table *table, enum column kind, const char *title)
{
	table->title = xrealloc(table->title, (table->columns + 1) * sizeof *table->title);
	table->kind = xrealloc(table->kind, (table->columns + 1) * sizeof *table->kind);
	table->title[table->columns] = xstrdup(title);
	table->kind[table->columns++] = kind;
}

/* Takes over text. */
static void add_cell(struct table *table, char *text, double sort)
{
	if (!(table->cells & (table->cells + 1)))
		table->cell = xrealloc(table->cell, (2 * table->cells + 2) * sizeof *table->cell);
	table->cell[table->cells++] = (struct cell){ .text = text, .sort = sort };
}

void table_row(struct table *table)
{
	while (table->columns && table->cells % table->columns)
		add_cell(table, xstrdup(""), NAN);
}

void table_text(struct table *table, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_cell(table, format_text(format, arguments), NAN);
	va_end(arguments);
}

void table_value(struct table *table, double sort, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_cell(table, format_text(format, arguments), sort);
	va_end(arguments);
}

void table_none(struct table *table)
{
	add_cell(table, xstrdup("–"), NAN);
}

void table_state(struct table *table, enum state state)
{
	if (table->cells)
		table->cell[table->cells - 1].state = state;
}

size_t table_rows(const struct table *table)
{
	return table->columns ? (table->cells + table->columns - 1) / table->columns : 0;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->columns; i++)
		free(table->title[i]);
	for (size_t i = 0; i < table->cells; i++)
		free(table->cell[i].text);
	free(table->title);
	free(table->kind);
	free(table->cell);
	free(table->caption);
	free(table);
}

void document_free(struct document *document)
{
	if (!document)
		return;
	for (size_t i = 0; i < document->blocks; i++) {
		free(document->block[i].id);
		free(document->block[i].text);
		free(document->block[i].csv);
		table_free(document->block[i].table);
	}
	free(document->block);
	free(document->base);
	free(document->title);
	free(document);
}

/* ---- HTML ---- */
static void html_escape(FILE *file, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		switch (text[i]) {
		case '&':
			fputs("&amp;", file);
			break;
		case '<':
			fputs("&lt;", file);
			break;
		case '>':
			fputs("&gt;", file);
			break;
		case '"':
			fputs("&quot;", file);
			break;
		case '\'':
			fputs("&#39;", file);
			break;
		default:
			/* Control characters have no place in a page. */
			fputc((unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i],
			      file);
		}
	}
}

static void html_plain(FILE *file, const char *text)
{
	html_escape(file, text, strlen(text));
}

/* Escaped, with `code` as an element; a lone back quote stays what it is. */
static void html_text(FILE *file, const char *text)
{
	for (;;) {
		const char *open = strchr(text, '`');
		const char *close = open ? strchr(open + 1, '`') : NULL;

		if (!close)
			break;
		html_escape(file, text, (size_t)(open - text));
		fputs("<code>", file);
		html_escape(file, open + 1, (size_t)(close - open - 1));
		fputs("</code>", file);
		text = close + 1;
	}
	html_plain(file, text);
}

/*
 * A number breaks only at its interval, so that a wide table fits a narrow page.
 * To be freed.
 */
static char *unbroken(const char *text)
{
	char *out = xcalloc(strlen(text) + 1, 2), *at = out;

	for (; *text; text++) {
		if (*text == ' ' && strncmp(text, " ±", strlen(" ±")) != 0 &&
		    strncmp(text, " to ", 4) != 0 && text[1] != '(')
			at = stpcpy(at, "\u00a0");
		else
			*at++ = *text;
	}
	return out;
}

static void html_cell(FILE *file, const struct cell *cell, enum column kind)
{
	const char *class = states[cell->state].class;

	fprintf(file, "<td class=\"%s%s%s\"", kind == COLUMN_NUMBER ? "n" : "",
		*class && kind == COLUMN_NUMBER ? " " : "", class);
	if (isfinite(cell->sort))
		fprintf(file, " data-k=\"%.17g\"", cell->sort);
	fputc('>', file);
	if (cell->state != STATE_PLAIN)
		fprintf(file, "<span class=\"sign\" aria-hidden=\"true\">%s</span> ",
			states[cell->state].sign);
	if (kind == COLUMN_NUMBER) {
		char *text = unbroken(cell->text);

		html_text(file, text);
		free(text);
	} else {
		html_text(file, cell->text);
	}
	fputs("</td>", file);
}

static void html_table(FILE *file, const struct table *table)
{
	/* Scrolls by itself if it must, by keyboard too: the page never does. */
	fputs("<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"", file);
	html_plain(file, table->caption);
	fputs("\"><table class=\"sortable\">\n<caption>", file);
	html_text(file, table->caption);
	fputs("</caption>\n<thead><tr>", file);
	for (size_t i = 0; i < table->columns; i++) {
		fprintf(file, "<th scope=\"col\" aria-sort=\"none\"%s><button type=\"button\">",
			table->kind[i] == COLUMN_NUMBER ? " class=\"n\"" : "");
		html_text(file, table->title[i]);
		fputs("</button></th>", file);
	}
	fputs("</tr></thead>\n<tbody>\n", file);
	for (size_t i = 0; i < table->cells; i++) {
		size_t column = i % table->columns;

		fputs(column == 0 ? "<tr>" : "", file);
		html_cell(file, &table->cell[i], table->kind[column]);
		fputs(column + 1 == table->columns ? "</tr>\n" : "", file);
	}
	fputs("</tbody></table></div>\n", file);
}

static bool starts_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/*
 * gnuplot's SVG inside a page: its ids get a prefix, for the page has several
 * plots; black becomes the page's text colour and the white ground disappears,
 * so that both themes are readable.
 */
static void html_svg_body(FILE *file, const char *svg, size_t plot)
{
	static const struct {
		const char *from, *to;
		bool prefix; /* the plot's prefix follows */
	} changes[] = {
		{ " id=\"", " id=\"", true },
		{ " id='", " id='", true },
		{ "href='#", "href='#", true },
		{ "href=\"#", "href=\"#", true },
		{ "url(#", "url(#", true },
		{ "rgb(  0,   0,   0)", "currentColor", false },
		{ "\"black\"", "\"currentColor\"", false },
		{ "'black'", "'currentColor'", false },
		{ "fill=\"#ffffff\"", "fill=\"none\"", false },
	};

	while (*svg) {
		size_t i;

		for (i = 0; i < ARRAY_SIZE(changes); i++)
			if (starts_with(svg, changes[i].from))
				break;
		if (i == ARRAY_SIZE(changes)) {
			fputc(*svg++, file);
			continue;
		}
		fputs(changes[i].to, file);
		if (changes[i].prefix)
			fprintf(file, "p%zu-", plot);
		svg += strlen(changes[i].from);
	}
}

static void html_plot(FILE *file, const struct document *document, const struct block *block,
		      size_t plot)
{
	char *path = xasprintf("%s/%s", document->base, block->id);
	char *text = read_file(path, NULL);
	const char *svg = text ? strstr(text, "<svg") : NULL;

	fputs("<figure>", file);
	if (svg) {
		fputs("<svg role=\"img\" aria-label=\"", file);
		html_plain(file, block->text);
		fputc('"', file);
		html_svg_body(file, svg + strlen("<svg"), plot);
	} else {
		fputs("<p class=\"missing\">The plot could not be read.</p>", file);
	}
	fputs("<figcaption>", file);
	html_text(file, block->text);
	fputs(" <a href=\"", file);
	html_plain(file, block->csv);
	fputs("\">Data (CSV)</a> · <a href=\"", file);
	html_plain(file, block->id);
	fputs("\">Plot (SVG)</a></figcaption></figure>\n", file);
	free(text);
	free(path);
}

static void html_contents(FILE *file, const struct document *document)
{
	fputs("<nav aria-label=\"Contents\"><ul>\n", file);
	for (size_t i = 0; i < document->blocks; i++) {
		const struct block *block = &document->block[i];

		if (block->kind != BLOCK_HEADING || block->level != 2)
			continue;
		fprintf(file, "<li><a href=\"#%s\">", block->id);
		html_text(file, block->text);
		fputs("</a></li>\n", file);
	}
	fputs("</ul></nav>\n", file);
}

static void html_verdict(FILE *file, const struct block *block)
{
	fprintf(file, "<li class=\"%s\"><span class=\"sign\" aria-hidden=\"true\">%s</span><b>",
		states[block->state].class, states[block->state].sign);
	html_text(file, block->id);
	fputs("</b> <span>", file);
	html_text(file, block->text);
	fputs("</span></li>\n", file);
}

static void html_element(FILE *file, const char *open, const char *text, const char *close)
{
	fputs(open, file);
	html_text(file, text);
	fputs(close, file);
}

/* Whether the block begins or ends a run of verdicts. */
static bool edge(const struct document *document, size_t i, int step)
{
	size_t other = i + (size_t)step;

	return (step < 0 && i == 0) || other >= document->blocks ||
	       document->block[other].kind != BLOCK_VERDICT;
}

/* About as wide as a browser draws it, in pixels. */
static double table_pixels(const struct table *table)
{
	double pixels = 0;

	for (size_t column = 0; column < table->columns; column++) {
		size_t widest = text_width(table->title[column]) + 3;

		for (size_t i = column; i < table->cells; i += table->columns) {
			size_t width = text_width(table->cell[i].text) + 2;

			/* Long texts wrap; numbers do not. */
			if (table->kind[column] == COLUMN_TEXT && width > 24)
				width = 24;
			widest = width > widest ? width : widest;
		}
		pixels += 24 + 7.2 * (double)widest;
	}
	return pixels;
}

/* Half of the page is too narrow for one of the pair's tables: one below the other then. */
static bool pair_is_wide(const struct document *document, size_t begin)
{
	for (size_t i = begin; i < document->blocks && document->block[i].kind != BLOCK_PAIR_END;
	     i++)
		if (document->block[i].kind == BLOCK_TABLE &&
		    table_pixels(document->block[i].table) > 668)
			return true;
	return false;
}

static void html_block(FILE *file, const struct document *document, size_t i, size_t *plots)
{
	const struct block *block = &document->block[i];

	switch (block->kind) {
	case BLOCK_HEADING:
		fprintf(file, "<h%d id=\"%s\">", block->level, block->id);
		html_text(file, block->text);
		fprintf(file, "</h%d>\n", block->level);
		break;
	case BLOCK_TEXT:
		html_element(file, "<p>", block->text, "</p>\n");
		break;
	case BLOCK_MISSING:
		html_element(file, "<p class=\"missing\">", block->text, "</p>\n");
		break;
	case BLOCK_VERDICT:
		fputs(edge(document, i, -1) ? "<ul class=\"verdicts\">\n" : "", file);
		html_verdict(file, block);
		fputs(edge(document, i, 1) ? "</ul>\n" : "", file);
		break;
	case BLOCK_TABLE:
		html_table(file, block->table);
		break;
	case BLOCK_PLOT:
		html_plot(file, document, block, ++*plots);
		break;
	case BLOCK_PAIR_BEGIN:
		fputs(pair_is_wide(document, i) ? "<div class=\"stack\">\n"
						: "<div class=\"pair\">\n",
		      file);
		break;
	case BLOCK_PAIR_END:
		fputs("</div>\n", file);
		break;
	}
}

void document_write_html(const struct document *document, FILE *file)
{
	bool contents = false;
	size_t plots = 0;

	fputs(page_head, file);
	html_plain(file, document->title);
	fputs(page_style, file);
	html_element(file, "<h1>", document->title, "</h1>\n");
	for (size_t i = 0; i < document->blocks; i++) {
		if (!contents && document->block[i].kind == BLOCK_HEADING) {
			html_contents(file, document);
			contents = true;
		}
		html_block(file, document, i, &plots);
	}
	fputs(page_end, file);
}

/* ---- Markdown ---- */
/* Bytes that Markdown would take for markup, outside of `code`. */
static void markdown_text(FILE *file, const char *text, bool in_table)
{
	bool code = false;

	for (; *text; text++) {
		if (*text == '`' && (code || strchr(text + 1, '`')))
			code = !code;
		if ((*text == '|' && in_table) || (!code && strchr("\\<*[", *text)))
			fputc('\\', file);
		fputc((unsigned char)*text < 0x20 ? ' ' : *text, file);
	}
}

/* The cell as Markdown, to be freed. */
static char *markdown_cell(const char *text, enum state state)
{
	char *out = NULL;
	size_t size;
	FILE *file = open_memstream(&out, &size);

	if (!file)
		die(STATUS_HOST, "out of memory; close other programs and run again");
	if (state != STATE_PLAIN)
		fprintf(file, "%s ", states[state].sign);
	markdown_text(file, text, true);
	fclose(file);
	return out;
}

static void markdown_padded(FILE *file, const char *text, size_t width, enum column kind)
{
	int padding = (int)(width - text_width(text));

	if (kind == COLUMN_NUMBER)
		fprintf(file, "| %*s%s ", padding, "", text);
	else
		fprintf(file, "| %s%*s ", text, padding, "");
}

void table_write_markdown(const struct table *table, FILE *file)
{
	size_t total = table->columns + table->cells;
	char **text = xcalloc(total, sizeof *text);
	size_t *width = xcalloc(table->columns, sizeof *width);

	for (size_t i = 0; i < total; i++) {
		const struct cell *cell = &table->cell[i - table->columns];
		size_t column = i % (table->columns ? table->columns : 1), w;

		text[i] = i < table->columns ? markdown_cell(table->title[i], STATE_PLAIN)
					     : markdown_cell(cell->text, cell->state);
		w = text_width(text[i]);
		width[column] = w > width[column] ? w : width[column];
		width[column] = width[column] < 3 ? 3 : width[column];
	}
	for (size_t i = 0; i < total; i++) {
		size_t column = i % table->columns;

		markdown_padded(file, text[i], width[column], table->kind[column]);
		if (column + 1 < table->columns)
			continue;
		fputs("|\n", file);
		for (size_t c = 0; i < table->columns && c < table->columns; c++) {
			bool number = table->kind[c] == COLUMN_NUMBER;

			fputs(number ? "|-" : "|:", file);
			for (size_t d = 0; d < width[c]; d++)
				fputc('-', file);
			fputs(number ? ":" : "-", file);
			fputs(c + 1 == table->columns ? "|\n" : "", file);
		}
	}
	for (size_t i = 0; i < total; i++)
		free(text[i]);
	free(text);
	free(width);
}

static void markdown_block(FILE *file, const struct document *document, size_t i)
{
	const struct block *block = &document->block[i];

	switch (block->kind) {
	case BLOCK_HEADING:
		fprintf(file, "%.*s ", block->level, "######");
		markdown_text(file, block->text, false);
		fputs("\n\n", file);
		break;
	case BLOCK_TEXT:
	case BLOCK_MISSING:
		markdown_text(file, block->text, false);
		fputs("\n\n", file);
		break;
	case BLOCK_VERDICT:
		fprintf(file, "- %s **", states[block->state].sign);
		markdown_text(file, block->id, false);
		fputs("** ", file);
		markdown_text(file, block->text, false);
		fputs(edge(document, i, 1) ? "\n\n" : "\n", file);
		break;
	case BLOCK_TABLE:
		markdown_text(file, block->table->caption, false);
		fputs("\n\n", file);
		table_write_markdown(block->table, file);
		fputc('\n', file);
		break;
	case BLOCK_PLOT:
		fputs("![", file);
		markdown_text(file, block->text, false);
		fprintf(file, "](%s)  \n[Data (CSV)](%s)\n\n", block->id, block->csv);
		break;
	case BLOCK_PAIR_BEGIN:
	case BLOCK_PAIR_END:
		break;
	}
}

void document_write_markdown(const struct document *document, FILE *file)
{
	fputs("# ", file);
	markdown_text(file, document->title, false);
	fputs("\n\n", file);
	for (size_t i = 0; i < document->blocks; i++)
		markdown_block(file, document, i);
}
