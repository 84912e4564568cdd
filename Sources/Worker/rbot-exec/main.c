/* rbot-exec: the last thing that runs before a strategy does. It takes the place that a fork's child would
 * have (a session, limits, no way to privileges, clean signals) and then becomes the command.
 *
 *   rbot-exec [--parent PID] [--report FD] [--keep FD]... [--cgroup DIR] [--umask OCTAL]
 *             [--rlimit NAME=NUMBER]... [--chdir DIR] -- COMMAND [ARGUMENT]...
 *
 * A stage that fails writes "stage errno" to the report descriptor and ends the process with 127. */
#include "stages.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* In this order, and why:
 *   report      first, so that every later failure can be told
 *   parent      before the session: nothing may outlive a supervisor that is gone already
 *   session     a leader of its own, so that a stop finds every member
 *   cgroup      while we may still write to it
 *   limits      while we may still raise them; umask with them
 *   directory   while we may still read it as the supervisor
 *   [user]      groups, user and capabilities; then the parent stage again, as a change of user clears it
 *   privileges  no_new_privs, which both of the next filters need
 *   [files]     Landlock
 *   descriptors nothing of the supervisor's leaks
 *   signals     mask and dispositions
 *   [calls]     seccomp, last: it may forbid what the stages above needed
 *   exec
 * Those in brackets have their place here and no code yet. */
static const struct {
  const char *name;
  int (*run)(const struct plan *plan);
} stages[] = {
    {"report", stage_report},         {"parent", stage_parent},
    {"session", stage_session},       {"cgroup", stage_cgroup},
    {"limits", stage_limits},         {"directory", stage_directory},
    {"privileges", stage_privileges}, {"descriptors", stage_descriptors},
    {"signals", stage_signals},       {"exec", stage_exec},
};

static int fail(const struct plan *plan, const char *stage, int reason) {
  char line[64];
  int length = snprintf(line, sizeof line, "%s %d\n", stage, reason);
  if (plan->report < 0)
    fprintf(stderr, "rbot-exec: %s: %s: %s\n", stage, plan->command[0], strerror(reason));
  else if (write(plan->report, line, (size_t)length) < 0)
    return 127; /* nobody listens any more: the exit status is all that is left to say */
  return 127;
}

int main(int argc, char **argv) {
  struct plan plan;
  if (read_plan(argc, argv, &plan) < 0) return 126;
  for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
    if (stages[i].run(&plan) < 0) return fail(&plan, stages[i].name, errno);
  return 0;
}
