/* Who the command is and what it may never become again. */
#define _GNU_SOURCE
#include "bare.h"
#include "report.h"
#include "stages.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct capabilities {
  struct __user_cap_data_struct half[_LINUX_CAPABILITY_U32S_3];
};

/* glibc has no wrapper, and libcap would be a library of its own. */
static int capabilities(long call, struct capabilities *set) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  return (int)syscall(call, &header, set);
}

/* Only what is held has to go, so that this works where a filter of the service's forbids capset. */
static int clear_capabilities(bool inheritable_only) {
  /* EINVAL: a kernel without them. */
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL) return -1;
  struct capabilities held, wanted;
  if (capabilities(SYS_capget, &held) < 0) return -1;
  wanted = held;
  for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
    wanted.half[i].inheritable = 0;
    if (!inheritable_only) wanted.half[i].permitted = wanted.half[i].effective = 0;
  }
  return memcmp(&held, &wanted, sizeof held) == 0 ? 0 : capabilities(SYS_capset, &wanted);
}

/* What no later exec can bring back: the bounding set, and root's own way of having every capability. Both take
 * CAP_SETPCAP, which a plain user lacks, who has nothing to drop either; no_new_privs holds for him too. */
static void forbid_capabilities(void) {
  const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                             SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0) return;
  for (unsigned long capability = 0;; capability++) {
    /* A look costs a fifth of a drop, and a supervisor keeps few of them. */
    int is_there = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (is_there < 0 || (is_there == 1 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)) return;
  }
}

/* 0 when neither root nor who we were can be had back, and all ids are the wanted ones. */
static int check_no_way_back(uid_t user, gid_t group, uid_t user_before, gid_t group_before) {
  if (user != 0 && setresuid(0, 0, 0) == 0) return errno = EPERM, -1;
  if (group != 0 && setresgid(0, 0, 0) == 0) return errno = EPERM, -1;
  if (user != user_before && setresuid(user_before, user_before, user_before) == 0) return errno = EPERM, -1;
  if (group != group_before && setresgid(group_before, group_before, group_before) == 0) return errno = EPERM, -1;
  uid_t users[3];
  gid_t groups[3];
  if (getresuid(&users[0], &users[1], &users[2]) < 0 || getresgid(&groups[0], &groups[1], &groups[2]) < 0) return -1;
  for (int i = 0; i < 3; i++)
    if (users[i] != user || groups[i] != group) return errno = EPERM, -1;
  if (getgroups(0, NULL) != 0) return errno = EPERM, -1;
  return 0;
}

static int change_user(const struct plan *plan) {
  if (setgroups(0, NULL) < 0) return -1;
  if (setresgid(plan->group, plan->group, plan->group) < 0) return -1;
  return setresuid(plan->user, plan->user, plan->user);
}

/* A user that was asked for and cannot be had is a failure always: the command would be someone else. */
int stage_user(const struct plan *plan) {
  if (!plan->sandbox && !plan->has_user) return clear_capabilities(true);
  uid_t user_before = getuid();
  gid_t group_before = getgid();
  forbid_capabilities();
  if (plan->has_user && change_user(plan) < 0) return -1;
  if (clear_capabilities(false) < 0) return -1;
  if (!plan->has_user) return 0;
  if (check_no_way_back(plan->user, plan->group, user_before, group_before) < 0) return -1;
  /* A change of user clears both: the signal that ends us with the supervisor, and that a supervisor of the
   * same user may look into /proc. */
  if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0) return -1;
  if (stage_parent(plan) < 0) return -1;
  char detail[32];
  struct text text = TEXT(detail);
  add_text(&text, "uid ");
  add_number(&text, plan->user);
  if (plan->sandbox) tell_on(plan, "user", detail);
  return 0;
}

/* From here on no exec, of a set-user-id file least of all, can gain anything. */
int stage_privileges(const struct plan *plan) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
  if (plan->sandbox) tell_on(plan, "privileges", "no_new_privs, no capabilities");
  return 0;
}
