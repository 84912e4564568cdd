/* Prints the filter that rbot-exec would install, one "code yes no value" per line:
 * dump ARCHITECTURE LISTENER SCOPE NETWORK TASKS OWN_USER SELF, all numbers. */
#include "calls.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  static struct call calls[CALLS_MAX];
  if (argc != 8) return 2;
  struct calls_setting setting = {
      .has_listener = atoi(argv[2]), .has_scope = atoi(argv[3]), .network = atoi(argv[4]), .tasks = atoi(argv[5]),
      .own_user = atoi(argv[6]), .self = atoi(argv[7])};
  int count = list_calls(&setting, calls);
  struct sock_fprog program = compile_program((uint32_t)strtoul(argv[1], NULL, 0), calls, count);
  for (int i = 0; i < program.len; i++)
    printf("%u %u %u %u\n", program.filter[i].code, program.filter[i].jt, program.filter[i].jf, program.filter[i].k);
  return program.len == 0;
}
