/* Which system calls a sandboxed command may make. */
#ifndef RBOT_EXEC_CALLS_H
#define RBOT_EXEC_CALLS_H

#include "program.h"

#include <stdbool.h>
#include <sys/types.h>

struct calls_setting {
  bool has_listener; /* somebody answers for what is refused and asked */
  bool has_scope;    /* Landlock keeps signals inside of the worker */
  bool network;
  bool tasks;
  bool own_user; /* the worker's user owns nothing but what is the worker's */
  pid_t self; /* the worker's leader: also its session and process group */
};

/* Fills `calls`, at most CALLS_MAX; how many there are. */
int list_calls(const struct calls_setting *setting, struct call *calls);

#endif
