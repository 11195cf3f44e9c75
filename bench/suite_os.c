/* SPDX-License-Identifier: MIT */
/* 1K OS as workloads: what is typed, and every byte that must come back. */
#include "bench.h"
#include "suite.h"

#define MENU                                                                                       \
	"=== 1K OS Menu ===\n"                                                                     \
	"  1. Multiplication (2x1 ~ 9x9)     6. Primes up to 100\n"                                \
	"  2. Counter (0-9)                  7. ASCII art\n"                                       \
	"  3. Echo (until 'q')               8. Factorial (0! to 12!)\n"                           \
	"  4. About 1K OS                    9. GCD (Euclid)\n"                                    \
	"  5. Fibonacci (up to 89)           0. Exit\n"

#define BOOT                                                                                       \
	"=== 1K OS x86 ===\n"                                                                      \
	"Booting in Protected Mode with Paging...\n"                                               \
	"Interrupt handlers registered\n"                                                          \
	"  Timer (IRQ 0, vector 0x20)\n"                                                           \
	"  Keyboard (IRQ 1, vector 0x21)\n"                                                        \
	"Filesystem initialized\n"                                                                 \
	"Created idle process (pid=0)\n"                                                           \
	"Created shell process (pid=1)\n"                                                          \
	"=== Kernel Initialization Complete ===\n"                                                 \
	"Starting shell process (PID 1)...\n"                                                      \
	"\n" MENU

#define PROMPT(typed) "Select: " typed "\n"
#define END PROMPT("0")

#define ECHO_HELP "Type; 'q' ends.\n"

/* pid: the program's own, counted from the shell's 1. */
#define ABOUT(pid)                                                                                 \
	"1K OS: a kernel of about 1,000 lines for 32-bit x86, part of Mini-KVM\n"                  \
	"  protected mode, 4 MiB pages, kernel at 0x80000000, programs in ring 3\n"                \
	"  timer-driven round robin, system calls by int 0x80, ustar file system\n"                \
	"  this is process " pid "\n"

#define PRIMES "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71 73 79 83 89 97\n"

#define TRIANGLE                                                                                   \
	"               *\n"                                                                       \
	"              * *\n"                                                                      \
	"             *   *\n"                                                                     \
	"            * * * *\n"                                                                    \
	"           *       *\n"                                                                   \
	"          * *     * *\n"                                                                  \
	"         *   *   *   *\n"                                                                 \
	"        * * * * * * * *\n"                                                                \
	"       *               *\n"                                                               \
	"      * *             * *\n"                                                              \
	"     *   *           *   *\n"                                                             \
	"    * * * *         * * * *\n"                                                            \
	"   *       *       *       *\n"                                                           \
	"  * *     * *     * *     * *\n"                                                          \
	" *   *   *   *   *   *   *   *\n"                                                         \
	"* * * * * * * * * * * * * * * *\n"

#define FACTORIALS                                                                                 \
	"0! = 1\n1! = 1\n2! = 2\n3! = 6\n4! = 24\n5! = 120\n6! = 720\n7! = 5040\n8! = 40320\n"     \
	"9! = 362880\n10! = 3628800\n11! = 39916800\n12! = 479001600\n"

#define DIVISORS                                                                                   \
	"gcd(48, 18) = gcd(18, 12) = gcd(12, 6) = 6\n"                                             \
	"gcd(1071, 462) = gcd(462, 147) = gcd(147, 21) = 21\n"                                     \
	"gcd(17, 5) = gcd(5, 2) = gcd(2, 1) = 1\n"                                                 \
	"gcd(1000000, 4096) = gcd(4096, 576) = gcd(576, 64) = 64\n"

const struct workload os_workloads[] = {
	{ .name = "os-boot",
	  .about = "1K OS: boot to the prompt, then leave",
	  .kind = KIND_OS,
	  .needs = NEED_PAGING | NEED_IRQCHIP,
	  .guest_counts = ALONE | TWO | FOUR,
	  .image = "os-1k.elf",
	  .kernel = "os-1k.elf",
	  .input = "0\n",
	  .output = BOOT END },
	{ .name = "os-multiplication",
	  .about = "1K OS: boot, the multiplication table, leave",
	  .kind = KIND_OS,
	  .needs = NEED_PAGING | NEED_IRQCHIP,
	  .image = "os-1k.elf",
	  .kernel = "os-1k.elf",
	  .input = "1\n0\n",
	  .output = BOOT PROMPT("1") MULTIPLICATION_TABLE END },
	{ .name = "os-programs",
	  .about = "1K OS: boot, each of its nine programs, leave",
	  .kind = KIND_OS,
	  .needs = NEED_PAGING | NEED_IRQCHIP,
	  .image = "os-1k.elf",
	  .kernel = "os-1k.elf",
	  .input = "1\n2\n3\nhelloq4\n5\n6\n7\n8\n9\n0\n",
	  .output =
	      BOOT PROMPT("1") MULTIPLICATION_TABLE PROMPT("2") "0 1 2 3 4 5 6 7 8 9\n" PROMPT("3")
		  ECHO_HELP "hello\n" PROMPT("4") ABOUT("5") PROMPT("5") FIBONACCI PROMPT("6")
		      PRIMES PROMPT("7") TRIANGLE PROMPT("8") FACTORIALS PROMPT("9") DIVISORS END },
	{ 0 },
};
