/* What the supervisor is told: one end of a Unix stream socket, which closes itself when the exec succeeds.
 *
 *   layer NAME on DETAIL          in force
 *   layer NAME off ERRNO DETAIL   asked for and not to be had; nothing else stands in for it
 *   listener                      carries the seccomp notification descriptor by SCM_RIGHTS
 *   STAGE ERRNO                   the stage failed, exit 127 follows; STAGE is never "layer" or "listener"
 *
 * A line ends with a newline, holds no other control character and has at most TOLD_MAX bytes; several lines come in
 * one read. Where there is a listener, its line is the first of all and the layers' lines follow it in the same
 * message: the descriptor arrives with the message's first byte, so a read that finds one needs no looking for the
 * line. Layers are told in the order user, privileges, files, signals, calls, reports, and only with --sandbox:
 * without it nothing but a failure is ever said, and the report may be a pipe. Where `signals` is not known after
 * Landlock (an old kernel), it is told last.
 * With --required a layer's "off" line comes first and the stage's failure after it.
 *
 * Without --report a layer that is off and a failed stage go to standard error. */
#ifndef RBOT_EXEC_REPORT_H
#define RBOT_EXEC_REPORT_H

#include "plan.h"

enum { TOLD_MAX = 1024 };

/* Lines wait until tell_all, a listener or a failure sends them: each message wakes the supervisor. */
void tell_on(const struct plan *plan, const char *layer, const char *detail);
void tell_off(const struct plan *plan, const char *layer, int reason, const char *detail);
void tell_failure(const struct plan *plan, const char *stage, int reason);
int tell_all(const struct plan *plan);

/* Whether the report is a socket that descriptors can travel over. */
bool can_send_listener(const struct plan *plan);
/* Sends the listener's line with the descriptor, and what waits. 0, or -1 with errno. */
int send_listener(const struct plan *plan, int listener);

#endif
