/* SPDX-License-Identifier: MIT */
/* 3,000 processes one after the other, fifty of them orphans; then as many at once as go. */
#include "../user.h"

#define ROUNDS 3000
#define ORPHAN_EVERY 60

static int orphan_maker(void)
{
	spawn("exits 1");
	return 0;
}

int main(const char *arguments)
{
	int status, pid, count = 0;

	if (!strcmp(arguments, "orphan"))
		return orphan_maker();
	for (int i = 0; i < ROUNDS; i++) {
		pid = spawn(i % ORPHAN_EVERY ? "exits 5" : "many orphan");
		if (wait(pid, &status) != pid || status != (i % ORPHAN_EVERY ? 5 : 0)) {
			printf("many: round %d: pid %d, status %d\n", i, pid, status);
			return 1;
		}
	}
	while (spawn("spin .") > 0)
		count++;
	printf("many: %d processes, then %d at once\n", ROUNDS, count);
	return 0;
}
