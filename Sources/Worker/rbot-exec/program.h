/* A table of system calls and what becomes of each, compiled to a seccomp filter. Nothing here asks the system
 * anything, so that tests can read and run the programs of either architecture. */
#ifndef RBOT_EXEC_PROGRAM_H
#define RBOT_EXEC_PROGRAM_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

enum { PROGRAM_MAX = 512, CALLS_MAX = 192, TESTS_MAX = 2 };

/* The numbers from here on were given to no call when the table was made; they are the same everywhere. */
enum { CALL_UNKNOWN = 470 };

/* One look at the low 32 bits of an argument. */
struct test {
  enum { IS, HAS_ANY } kind; /* IS: (argument & mask) == value; HAS_ANY: (argument & value) != 0 */
  uint8_t argument;
  uint32_t mask;
  uint32_t value;
};

/* `verdict` where every test holds; a verdict is what the filter returns, SECCOMP_RET_... */
struct rule {
  struct test tests[TESTS_MAX];
  int test_count;
  uint32_t verdict;
};

/* The first rule that fits decides, else `otherwise`. */
struct call {
  uint32_t number;
  uint32_t otherwise;
  const struct rule *rules;
  int rule_count;
};

/* Sorts the calls and writes the program: one of another architecture, or with a number that has the x32 bit, is
 * killed; one from CALL_UNKNOWN on is absent (ENOSYS); another that is not in the table is allowed. Valid until the next call; of length 0 when it would be too
 * long for its jumps. */
struct sock_fprog compile_program(uint32_t architecture, struct call *calls, int call_count);

#endif
