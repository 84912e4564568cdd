/* What the supervisor is told: one end of a Unix stream socket, which closes itself when the exec succeeds.
 *
 *   layer NAME on DETAIL          in force
 *   layer NAME off ERRNO DETAIL   asked for and not to be had; nothing else stands in for it
 *   listener                      these bytes carry the seccomp notification descriptor by SCM_RIGHTS
 *   STAGE ERRNO                   the stage failed, exit 127 follows; STAGE is never "layer" or "listener"
 *
 * A line ends with a newline, holds no other control character and has at most TOLD_MAX bytes. Several lines may come
 * in one read; "listener" is sent by itself. Layers are told in the order user, privileges, files, signals,
 * calls, reports, and only with --sandbox: without it nothing but a failure is ever said, so that the report may
 * be a pipe. Where `signals` is not known after Landlock (an old kernel), it is told after `calls`.
 * With --required a layer's "off" line comes first and the stage's failure after it.
 *
 * Without --report a layer that is off and a failed stage go to standard error. */
#ifndef RBOT_EXEC_REPORT_H
#define RBOT_EXEC_REPORT_H

#include "plan.h"

enum { TOLD_MAX = 1024 };

/* Lines wait until told_all, a listener or a failure sends them: three writes at most, not one per layer. */
void tell_on(const struct plan *plan, const char *layer, const char *detail);
void tell_off(const struct plan *plan, const char *layer, int reason, const char *detail);
void tell_failure(const struct plan *plan, const char *stage, int reason);
int tell_all(const struct plan *plan);

/* Whether the report is a socket that descriptors can travel over. */
bool can_send_listener(const struct plan *plan);
/* Sends what waits, then the line with the descriptor. 0, or -1 with errno. */
int send_listener(const struct plan *plan, int listener);

#endif
