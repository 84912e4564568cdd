#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>
#include <sys/types.h>

extern const char *program;

/* Writes to the control channel, all of it. */
void say(const char *line);
void nap(long milliseconds);
/* Notes whom we started. */
void record(const char *role, pid_t pid);

void step_child(const char *value);
void step_detach(const char *value);
void step_bare_detach(const char *value);
void step_orphans(const char *value);
void step_churn(const char *value);
void step_bomb(const char *value);
void step_flood(const char *value);
void step_share(const char *value);
void step_holder(const char *value);
void step_deleted(const char *value);
void step_fill(const char *value);
void step_odd_lines(const char *value);

#endif
