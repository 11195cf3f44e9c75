/* SPDX-License-Identifier: MIT */
/*
 * The screen: title, keys, rows of one view, losses at the bottom. Rates are
 * not shown: all numbers are sums since the start, as in the final report.
 */
#include <curses.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "fatal.h"
#include "live.h"

struct live {
	FILE *out;
	SCREEN *screen; /* NULL: plain rows */
	uint64_t interval_ns, next_ns;
	size_t key; /* in sort_keys */
	enum view_id view;
	bool view_chosen; /* by the user: no longer the first one with rows */
	bool paused, left;
	size_t first_row;
	struct view rows;
	uint64_t shown_ns; /* since the start, of what is on the screen */
};

bool live_on_terminal(FILE *out)
{
	return isatty(fileno(out)) && isatty(STDIN_FILENO);
}

struct live *live_open(const struct options *o, FILE *out, uint64_t now_ns)
{
	struct live *l = calloc(1, sizeof(*l));

	if (!l)
		fatal("out of memory", "free some", ENOMEM);
	l->out = out;
	l->interval_ns = o->interval_ns;
	l->next_ns = now_ns + o->interval_ns;
	while (sort_keys[l->key] && strncmp(sort_keys[l->key], o->key, strlen(o->key)))
		l->key++;
	l->view = o->events & WATCH_EXIT ? VIEW_HW : VIEW_USER;
	if (!live_on_terminal(out))
		return l;
	l->screen = newterm(NULL, out, stdin);
	if (!l->screen)
		fatal("the screen of --live",
		      "set TERM to what your terminal is, or pipe through cat", 0);
	cbreak();
	noecho();
	curs_set(0);
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	return l;
}

int live_input(const struct live *l)
{
	return l->screen ? STDIN_FILENO : -1;
}

uint64_t live_due_ns(const struct live *l, uint64_t now_ns)
{
	/* no later than a tenth of a second, for a changed window size */
	uint64_t due = l->next_ns > now_ns ? l->next_ns - now_ns : 0;

	return l->screen && due > 100000000 ? 100000000 : due;
}

/* ---- keys ---- */

static void key_left(struct live *l)
{
	l->left = true;
}

static void key_pause(struct live *l)
{
	l->paused = !l->paused;
}

static void key_sort(struct live *l)
{
	l->key = sort_keys[l->key + 1] ? l->key + 1 : 0;
}

static void view_step(struct live *l, int step)
{
	l->view = (enum view_id)(((int)l->view + step + VIEWS) % VIEWS);
	l->view_chosen = true;
	l->first_row = 0;
}

static void key_next(struct live *l)
{
	view_step(l, 1);
}

static void key_previous(struct live *l)
{
	view_step(l, -1);
}

static void key_down(struct live *l)
{
	if (l->first_row + 1 < l->rows.count)
		l->first_row++;
}

static void key_up(struct live *l)
{
	if (l->first_row)
		l->first_row--;
}

static const struct {
	int key;
	void (*act)(struct live *l);
} keys[] = {
	{ 'q', key_left },	    { 27, key_left },	     { 'p', key_pause },
	{ ' ', key_pause },	    { 's', key_sort },	     { 'v', key_next },
	{ '\t', key_next },	    { KEY_RIGHT, key_next }, { 'V', key_previous },
	{ KEY_LEFT, key_previous }, { KEY_DOWN, key_down },  { 'j', key_down },
	{ KEY_UP, key_up },	    { 'k', key_up },
};

/* Takes all keys waiting; true when there was one that does something. */
static bool keys_take(struct live *l)
{
	bool any = false;
	size_t i;
	int c;

	while ((c = getch()) != ERR) {
		if (c == KEY_RESIZE)
			any = true;
		for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			if (keys[i].key != c)
				continue;
			keys[i].act(l);
			any = true;
		}
	}
	return any;
}

/* ---- drawing ---- */

static void draw_line(int y, const char *text, attr_t attributes)
{
	attrset(attributes);
	mvaddnstr(y, 0, text, COLS);
	if (attributes & A_REVERSE)
		mvchgat(y, 0, -1, attributes, 0, NULL);
	attrset(A_NORMAL);
}

static void draw_row(int y, const struct view *v, const struct row *row, attr_t attributes)
{
	char line[512] = "";
	FILE *f = fmemopen(line, sizeof(line), "w");

	if (!f)
		return;
	row_print(f, v, row, COLS);
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	draw_line(y, line, attributes);
}

static void draw_bottom(const struct live *l, const struct run *r)
{
	char line[512];
	uint64_t lost = lost_line(r->session, line, sizeof(line));

	draw_line(LINES - 2, run_note(r, 0) && !lost ? run_note(r, 0) : line,
		  lost ? A_BOLD : A_NORMAL);
	snprintf(line, sizeof(line),
		 " q quit  p %s  s sort: %s  v view: %s (%d of %d)  arrows scroll",
		 l->paused ? "go on" : "pause", sort_keys[l->key], view_name(l->view),
		 (int)l->view + 1, VIEWS);
	draw_line(LINES - 1, line, A_REVERSE);
}

static void draw(const struct live *l, const struct run *r)
{
	char line[512];
	size_t i;
	int y;

	erase();
	snprintf(line, sizeof(line), "kvm-exits: %s (pid %d), %.1f s%s   %" PRIu64 " samples",
		 r->target->comm, r->target->pid, (double)l->shown_ns / 1e9,
		 l->paused ? ", PAUSED" : "", l->rows.samples);
	draw_line(0, line, A_BOLD);
	draw_line(1, view_title(l->view), A_NORMAL);
	draw_row(3, &l->rows, NULL, A_REVERSE);
	for (i = l->first_row, y = 4; i < l->rows.count && y < LINES - 2; i++, y++)
		draw_row(y, &l->rows, &l->rows.rows[i], l->rows.rows[i].halt ? A_DIM : A_NORMAL);
	if (!l->rows.count)
		draw_line(4, "(nothing yet)", A_DIM);
	draw_bottom(l, r);
	refresh();
}

static void print_plain(struct live *l, const struct run *r)
{
	char line[512];
	size_t i;

	fprintf(l->out, "%.1f s\n", (double)l->shown_ns / 1e9);
	row_print(l->out, &l->rows, NULL, 200);
	for (i = 0; i < l->rows.count; i++)
		row_print(l->out, &l->rows, &l->rows.rows[i], 200);
	lost_line(r->session, line, sizeof(line));
	fprintf(l->out, "%s\n\n", line);
	fflush(l->out);
}

static void collect(struct live *l, const struct run *r, uint64_t now_ns)
{
	view_collect(&l->rows, l->view, r->session);
	/* where kvm_exit never fires there is nothing to see in the first view */
	if (!l->rows.count && !l->view_chosen && l->view == VIEW_HW)
		view_collect(&l->rows, VIEW_USER, r->session);
	l->view = l->rows.id;
	l->shown_ns = now_ns - r->begin_ns;
}

/* The window's size, asked for each time: SIGWINCH may come while the program sleeps in poll. */
static bool resized(void)
{
	struct winsize w;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &w) || !w.ws_row || !w.ws_col)
		return false;
	if (w.ws_row == LINES && w.ws_col == COLS)
		return false;
	resizeterm(w.ws_row, w.ws_col);
	return true;
}

bool live_update(struct live *l, const struct run *r, uint64_t now_ns)
{
	bool keyed = l->screen && keys_take(l);
	bool changed = (l->screen && resized()) || keyed;

	if (l->left)
		return false;
	if (now_ns < l->next_ns && !changed)
		return true;
	if (now_ns >= l->next_ns)
		l->next_ns = now_ns + l->interval_ns;
	if (!l->paused || l->rows.id != l->view)
		collect(l, r, now_ns);
	view_sort(&l->rows, sort_keys[l->key]);
	if (l->screen)
		draw(l, r);
	else
		print_plain(l, r);
	return true;
}

void live_close(struct live *l)
{
	if (l->screen) {
		endwin();
		delscreen(l->screen);
	}
	view_free(&l->rows);
	free(l);
}
