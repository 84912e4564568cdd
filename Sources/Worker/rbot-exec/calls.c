/* The seccomp filter. Once it is in force with a listener, nothing that it reports may be called here: whoever
 * answers is only about to get the descriptor. */
#define _GNU_SOURCE
#include "calls.h"
#include "report.h"
#include "stages.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#if defined(__x86_64__)
static const uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
static const uint32_t architecture = AUDIT_ARCH_AARCH64;
#else
#error "which audit architecture is this, and what does its table of system calls lack?"
#endif

/* Whether the kernel knows the flags, it says by EINVAL alone; so ask for less until it agrees. SPEC_ALLOW leaves
 * the speculation mitigations as they are for everyone, which a filter would otherwise switch on. */
static int install(const struct calls_setting *setting) {
  static struct call calls[CALLS_MAX];
  struct sock_fprog program = compile_program(architecture, calls, list_calls(setting, calls));
  if (program.len == 0) return errno = E2BIG, -1;
  unsigned long flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  if (setting->has_listener) flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  const unsigned long dispensable[] = {0, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, SECCOMP_FILTER_FLAG_SPEC_ALLOW};
  long status = -1;
  for (size_t i = 0; i < sizeof dispensable / sizeof *dispensable; i++) {
    if (i > 0 && (flags & dispensable[i]) == 0) continue;
    flags &= ~dispensable[i];
    status = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (status >= 0 || errno != EINVAL) break;
  }
  return (int)status;
}

/* A layer that is off ends the start only where it is required. */
static int off(const struct plan *plan, const char *layer, int reason, const char *detail) {
  tell_off(plan, layer, reason, detail);
  errno = reason;
  return plan->required ? -1 : 0;
}

static int tell_calls(const struct plan *plan, const struct calls_setting *setting) {
  bool guarded = setting->has_listener || setting->has_scope;
  tell_on(plan, "calls", guarded ? "seccomp" : "seccomp; signals to others are not refused");
  if (setting->has_listener) tell_on(plan, "reports", "listener");
  if (setting->has_scope) return 0;
  if (setting->has_listener) tell_on(plan, "signals", "listener");
  return guarded ? 0 : off(plan, "signals", EOPNOTSUPP, "neither Landlock's scope nor a listener");
}

int stage_calls(const struct plan *plan) {
  if (!plan->sandbox) return 0;
  struct calls_setting setting = {
      .has_scope = signals_are_scoped(), .network = plan->network, .tasks = plan->tasks,
      .own_user = plan->has_user, .self = getpid()};
  setting.has_listener = can_send_listener(plan);
  int listener = install(&setting);
  if (listener < 0 && setting.has_listener) {
    if (off(plan, "reports", errno, "the kernel gives no notifications of system calls") < 0) return -1;
    setting.has_listener = false;
    listener = install(&setting);
  }
  if (listener < 0) {
    if (off(plan, "calls", errno, "the kernel takes no filter of system calls") < 0) return -1;
    return tell_all(plan);
  }
  if (tell_calls(plan, &setting) < 0) return -1;
  if (!setting.has_listener) return tell_all(plan);
  int status = send_listener(plan, listener);
  int reason = errno;
  close(listener);
  errno = reason;
  return status;
}
