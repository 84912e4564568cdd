/* What happens between the spawn and the exec, one function per stage. Each returns 0, or -1 with errno. */
#ifndef RBOT_EXEC_STAGES_H
#define RBOT_EXEC_STAGES_H

#include "plan.h"

/* report.c */
int stage_report(const struct plan *plan);

/* stages.c */
int stage_parent(const struct plan *plan);
int stage_session(const struct plan *plan);
int stage_cgroup(const struct plan *plan);
int stage_limits(const struct plan *plan);
int stage_directory(const struct plan *plan);
int stage_descriptors(const struct plan *plan);
int stage_signals(const struct plan *plan);
int stage_exec(const struct plan *plan);

/* user.c */
int stage_user(const struct plan *plan);
int stage_privileges(const struct plan *plan);

/* files.c */
int stage_files(const struct plan *plan);

/* After stage_files: whether Landlock keeps signals inside of the worker. */
bool signals_are_scoped(void);
/* Descriptors that must stay open in the command for its rights in /proc to last. */
bool is_pinned(int fd);
int highest_pinned(void);

/* calls.c */
int stage_calls(const struct plan *plan);

#endif
