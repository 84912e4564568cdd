/* rbot-exec: the last thing that runs before a strategy does. It takes the place that a fork's child would
 * have (a session, limits, no way to privileges, clean signals) and then becomes the command.
 *
 *   rbot-exec [--parent PID] [--report FD] [--keep FD]... [--cgroup DIR] [--umask OCTAL]
 *             [--rlimit NAME=NUMBER]... [--chdir DIR] [--user UID:GID]
 *             [--sandbox [--rules FD:ABI] [--read PATH]... [--write PATH]... [--network] [--tasks]
 *                        [--required]]
 *             -- COMMAND [ARGUMENT]...
 *
 * or, to be told all that later (await.h):
 *
 *   rbot-exec --parent PID --await FD
 *
 * A stage that fails writes "stage errno" to the report descriptor (report.h has all that is told) and ends the
 * process with 127. Without --sandbox the command keeps its rights, except that no capability is inherited. */
#include "await.h"
#include "report.h"
#include "stages.h"

#include <errno.h>
#include <stddef.h>

/* In this order, and why:
 *   report      first, so that every later failure can be told
 *   parent      before the session: nothing may outlive a supervisor that is gone already
 *   session     a leader of its own, so that a stop finds every member
 *   cgroup      while we may still write to it
 *   limits      while we may still raise them; umask with them
 *   directory   while we may still read it as the supervisor
 *   user        groups, user and capabilities; then the parent stage again, as a change of user clears it
 *   privileges  no_new_privs, which both of the next filters need
 *   files       Landlock, once nothing outside of it is opened any more
 *   descriptors nothing of the supervisor's leaks
 *   signals     mask and dispositions
 *   calls       seccomp, last: it may forbid what the stages above needed
 *   exec */
static const struct {
  const char *name;
  int (*run)(const struct plan *plan);
} stages[] = {
    {"report", stage_report},           {"parent", stage_parent},
    {"session", stage_session},         {"cgroup", stage_cgroup},
    {"limits", stage_limits},           {"directory", stage_directory},
    {"user", stage_user},               {"privileges", stage_privileges},
    {"files", stage_files},             {"descriptors", stage_descriptors},
    {"signals", stage_signals},         {"calls", stage_calls},
    {"exec", stage_exec},
};

int main(int argc, char **argv) {
  struct plan plan;
  if (read_plan(argc, argv, &plan) < 0) return 126;
  if (plan.awaited >= 0) {
    /* Already now: nothing may wait for a supervisor that is gone. */
    if (stage_parent(&plan) < 0) return 127;
    int count = await_words(plan.awaited, &argv);
    if (count <= 0) return count == 0 ? 0 : 126;
    /* Who is told to wait again has no command. */
    if (read_plan(count, argv, &plan) < 0 || plan.command == NULL) return 126;
  }
  for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
    if (stages[i].run(&plan) < 0) {
      tell_failure(&plan, stages[i].name, errno);
      return 127;
    }
  return 0;
}
