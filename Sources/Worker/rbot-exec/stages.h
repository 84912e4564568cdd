/* What happens between the spawn and the exec, one function per stage. Each returns 0, or -1 with errno. */
#ifndef RBOT_EXEC_STAGES_H
#define RBOT_EXEC_STAGES_H

#include "plan.h"

int stage_report(const struct plan *plan);
int stage_parent(const struct plan *plan);
int stage_session(const struct plan *plan);
int stage_cgroup(const struct plan *plan);
int stage_limits(const struct plan *plan);
int stage_directory(const struct plan *plan);
int stage_privileges(const struct plan *plan);
int stage_descriptors(const struct plan *plan);
int stage_signals(const struct plan *plan);
int stage_exec(const struct plan *plan);

#endif
