/* SPDX-License-Identifier: MIT */
/* --live: a screen of the views, or plain rows when the output is not a terminal. */
#ifndef LIVE_H
#define LIVE_H

#include <stdbool.h>
#include <stdio.h>
#include "output.h"

struct live;

bool live_on_terminal(FILE *out); /* it will take the terminal */
struct live *live_open(const struct options *o, FILE *out, uint64_t now_ns);
int live_input(const struct live *l);			     /* file of keys to poll, or -1 */
uint64_t live_due_ns(const struct live *l, uint64_t now_ns); /* time until the next refresh */
/* Takes keys and redraws when due. false: the user left. */
bool live_update(struct live *l, const struct run *r, uint64_t now_ns);
void live_close(struct live *l); /* gives the terminal back */

#endif
