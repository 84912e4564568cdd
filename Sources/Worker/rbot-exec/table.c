/* The table of system calls. What the receiver of the notifications has to know:
 *
 *   refuse  every notified call that is not one of those below: EACCES for socket and socketpair, else EPERM
 *   ask     connect
 *           sched_setscheduler, sched_setparam, sched_setattr, sched_setaffinity whose first argument is neither 0 nor
 *           the leader; setpriority and ioprio_set of anything but 0 and the leader
 *           chmod, fchmod, fchmodat, fchmodat2, utimensat where the worker has no user of its own
 *           kill at a pid other than 0, the leader and minus the leader (-1 is notified too and must never pass)
 *           tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo whose first argument is not the leader
 *           pidfd_send_signal, whatever it points at
 *           clone without a namespace's or CLONE_PARENT's bit, fork, vfork: only with --tasks
 *
 * So a notified clone is either one to count or one to refuse: refuse it where the low 32 bits of its first
 * argument have any bit of 0x7e028000 (CLONE_NEW..., CLONE_PARENT). Everything that a rule looks at is an int or
 * cut to 32 bits by the kernel: look at the low 32 bits of an argument only.
 *
 * Without a listener what would be refused gets EPERM, and so does what changes the scheduling of others or a file's
 * mode and times; connect, new tasks and signals are allowed; kill(-1) is not. io_uring and clone3 are absent (ENOSYS)
 * for everyone, and so is every call that is newer than this table, and nobody is told: what they do could not be
 * seen here, and programs fall back.
 *
 * Beyond the obvious, refused because it gets around the rest:
 *   CLONE_PARENT                  the child would be the supervisor's, beyond the reach of a stop
 *   prlimit64 at another process  a CPU limit of one second ends the supervisor
 *   fcntl and ioctl that choose who gets SIGIO, where Landlock does not scope signals
 *   datagram Unix sockets         each message may name another receiver
 *   System V and POSIX IPC        no file system's rights hold for it, it outlives the worker, and is anybody's of the
 *                                 same user
 *   scheduling of other processes a supervisor of the same user could be made to wait for everything else
 *   modes, owners, access lists   Landlock lets the owner change them wherever the file is, so they are free only for
 *                                 a user who owns nothing but the worker's state */
#define _GNU_SOURCE
#include "calls.h"

#include <linux/seccomp.h>
#include <errno.h>
#include <sys/syscall.h>

/* Newer than some C library's headers; the same on every architecture. */
enum { CALL_QUOTACTL_FD = 443, CALL_PROCESS_MADVISE = 440, CALL_OPEN_TREE_ATTR = 467, CALL_FILE_SETATTR = 469 };
enum { CALL_FCHMODAT2 = 452, CALL_SETXATTRAT = 463, CALL_REMOVEXATTRAT = 466 };

enum { FAMILY_UNIX = 1, FAMILY_INET = 2, FAMILY_INET6 = 10, FAMILY_NETLINK = 16, NETLINK_OF_ROUTES = 0 };
enum { TYPE_STREAM = 1, TYPE_DGRAM = 2, TYPE_SEQPACKET = 5 };
enum { SOCKET_TYPE = 0xf }; /* beside it are SOCK_NONBLOCK and SOCK_CLOEXEC */

/* CLONE_NEWTIME is not among them: clone reads its bit as part of a signal's number. */
enum { CLONE_NEW_ANY = 0x7e020000, CLONE_TO_PARENT = 0x8000 };

enum { SET_PARENT_DEATH_SIGNAL = 1, SET_CHILD_SUBREAPER = 36 };
enum { SET_OWNER = 8, SET_OWNER_EX = 15 };
enum { IOCTL_SET_OWNER = 0x8901, IOCTL_SET_GROUP = 0x8902 };

static const uint32_t refused_always[] = {
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_kcmp, CALL_PROCESS_MADVISE,
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, CALL_OPEN_TREE_ATTR,
    SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_mount_setattr,
    SYS_unshare, SYS_setns,
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load, SYS_reboot,
    SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl, CALL_QUOTACTL_FD, SYS_bpf, SYS_perf_event_open,
    SYS_userfaultfd, SYS_fanotify_init, SYS_name_to_handle_at, SYS_open_by_handle_at,
    SYS_keyctl, SYS_add_key, SYS_request_key,
    SYS_syslog, SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex,
    SYS_sethostname, SYS_setdomainname, SYS_vhangup,
    SYS_shmget, SYS_shmat, SYS_shmctl, SYS_msgget, SYS_msgsnd, SYS_msgrcv, SYS_msgctl,
    SYS_semget, SYS_semop, SYS_semtimedop, SYS_semctl, SYS_mq_open, SYS_mq_unlink, CALL_FILE_SETATTR,
#ifdef SYS_lookup_dcookie
    SYS_lookup_dcookie,
#endif
#ifdef SYS_iopl
    SYS_iopl, SYS_ioperm,
#endif
#ifdef SYS_modify_ldt
    SYS_modify_ldt,
#endif
};

static const uint32_t absent[] = {SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_clone3};

/* Signals to one process or thread, named by the first argument. */
static const uint32_t signals[] = {SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo};

/* How a process, named by the first argument, is scheduled. */
static const uint32_t scheduling[] = {
    SYS_sched_setscheduler, SYS_sched_setparam, SYS_sched_setattr, SYS_sched_setaffinity};

/* A file's mode and times, wherever the file is; and what else its owner may change, which hardly a program does. */
static const uint32_t attributes[] = {
    SYS_fchmod, SYS_fchmodat, CALL_FCHMODAT2, SYS_utimensat,
    SYS_fchown, SYS_fchownat, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, CALL_SETXATTRAT,
    SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr, CALL_REMOVEXATTRAT,
#ifdef SYS_chmod
    SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat,
#endif
};

static const uint32_t forks[] = {
#ifdef SYS_fork
    SYS_fork, SYS_vfork,
#endif
    SYS_clone, /* always here, so that the list is never empty */
};

struct list {
  struct call *calls;
  int count;
};

static void add(struct list *list, uint32_t number, uint32_t otherwise, const struct rule *rules, int rule_count) {
  list->calls[list->count++] = (struct call){number, otherwise, rules, rule_count};
}

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))
#define ADD_ALL(list, numbers, verdict) \
  for (int i = 0; i < COUNT(numbers); i++) add(list, (numbers)[i], verdict, NULL, 0)

/* Argument `index` is `number`. */
static struct rule if_is(uint8_t index, uint32_t number, uint32_t verdict) {
  return (struct rule){{{IS, index, ~0U, number}}, 1, verdict};
}

static struct rule if_socket(uint32_t family, uint32_t type) {
  return (struct rule){{{IS, 0, ~0U, family}, {IS, 1, SOCKET_TYPE, type}}, 2, SECCOMP_RET_ALLOW};
}

static void add_sockets(struct list *list, const struct calls_setting *setting, uint32_t refuse) {
  static struct rule rules[7];
  rules[0] = if_socket(FAMILY_UNIX, TYPE_STREAM);
  rules[1] = if_socket(FAMILY_UNIX, TYPE_SEQPACKET);
  rules[2] = if_socket(FAMILY_INET, TYPE_STREAM);
  rules[3] = if_socket(FAMILY_INET, TYPE_DGRAM);
  rules[4] = if_socket(FAMILY_INET6, TYPE_STREAM);
  rules[5] = if_socket(FAMILY_INET6, TYPE_DGRAM);
  /* The C library asks for the machine's addresses before it resolves a name. */
  rules[6] = (struct rule){
      {{IS, 0, ~0U, FAMILY_NETLINK}, {IS, 2, ~0U, NETLINK_OF_ROUTES}}, 2, SECCOMP_RET_ALLOW};
  int count = setting->network ? COUNT(rules) : 2;
  add(list, SYS_socket, refuse, rules, count);
  add(list, SYS_socketpair, refuse, rules, 2);
}

static void add_tasks(struct list *list, const struct calls_setting *setting, uint32_t refuse, uint32_t ask) {
  static struct rule rules[1];
  uint32_t verdict = setting->tasks ? ask : SECCOMP_RET_ALLOW;
  rules[0] = (struct rule){{{HAS_ANY, 0, 0, CLONE_NEW_ANY | CLONE_TO_PARENT}}, 1, refuse};
  for (int i = 0; i < COUNT(forks) - 1; i++) add(list, forks[i], verdict, NULL, 0);
  add(list, SYS_clone, verdict, rules, 1);
}

/* To ourselves and our own group without asking: programs do so often, and it can hurt nobody else. */
static void add_signals(struct list *list, const struct calls_setting *setting, uint32_t refuse, uint32_t ask) {
  static struct rule to_groups[4], to_one[1], owners[2], owners_by_ioctl[2];
  uint32_t self = (uint32_t)setting->self;
  to_groups[0] = if_is(0, (uint32_t)-1, refuse);
  to_groups[1] = if_is(0, self, SECCOMP_RET_ALLOW);
  to_groups[2] = if_is(0, 0, SECCOMP_RET_ALLOW);
  to_groups[3] = if_is(0, -self, SECCOMP_RET_ALLOW);
  add(list, SYS_kill, ask, to_groups, COUNT(to_groups));
  to_one[0] = if_is(0, self, SECCOMP_RET_ALLOW);
  for (int i = 0; i < COUNT(signals); i++) add(list, signals[i], ask, to_one, COUNT(to_one));
  add(list, SYS_pidfd_send_signal, ask, NULL, 0);
  if (setting->has_scope) return;
  owners[0] = if_is(1, SET_OWNER, refuse);
  owners[1] = if_is(1, SET_OWNER_EX, refuse);
  add(list, SYS_fcntl, SECCOMP_RET_ALLOW, owners, COUNT(owners));
  owners_by_ioctl[0] = if_is(1, IOCTL_SET_OWNER, refuse);
  owners_by_ioctl[1] = if_is(1, IOCTL_SET_GROUP, refuse);
  add(list, SYS_ioctl, SECCOMP_RET_ALLOW, owners_by_ioctl, COUNT(owners_by_ioctl));
}

/* Of our own process, or of the calling thread, without asking. */
static void add_scheduling(struct list *list, const struct calls_setting *setting, uint32_t refuse) {
  enum { PRIORITY_OF_PROCESS = 0, DISK_PRIORITY_OF_PROCESS = 1 };
  static struct rule to_one[2], priorities[2], disk_priorities[2];
  const uint32_t own[] = {0, (uint32_t)setting->self};
  for (int i = 0; i < COUNT(own); i++) {
    to_one[i] = if_is(0, own[i], SECCOMP_RET_ALLOW);
    priorities[i] = (struct rule){
        {{IS, 0, ~0U, PRIORITY_OF_PROCESS}, {IS, 1, ~0U, own[i]}}, 2, SECCOMP_RET_ALLOW};
    disk_priorities[i] = (struct rule){
        {{IS, 0, ~0U, DISK_PRIORITY_OF_PROCESS}, {IS, 1, ~0U, own[i]}}, 2, SECCOMP_RET_ALLOW};
  }
  for (int i = 0; i < COUNT(scheduling); i++) add(list, scheduling[i], refuse, to_one, COUNT(to_one));
  add(list, SYS_setpriority, refuse, priorities, COUNT(priorities));
  add(list, SYS_ioprio_set, refuse, disk_priorities, COUNT(disk_priorities));
}

static void add_processes(struct list *list, const struct calls_setting *setting, uint32_t refuse) {
  static struct rule leaving[2], personalities[2], limited[2];
  leaving[0] = if_is(0, SET_PARENT_DEATH_SIGNAL, refuse);
  leaving[1] = if_is(0, SET_CHILD_SUBREAPER, refuse);
  add(list, SYS_prctl, SECCOMP_RET_ALLOW, leaving, COUNT(leaving));
  personalities[0] = if_is(0, 0, SECCOMP_RET_ALLOW);
  personalities[1] = if_is(0, ~0U, SECCOMP_RET_ALLOW); /* only asks */
  add(list, SYS_personality, refuse, personalities, COUNT(personalities));
  limited[0] = if_is(0, 0, SECCOMP_RET_ALLOW);
  limited[1] = if_is(0, (uint32_t)setting->self, SECCOMP_RET_ALLOW);
  add(list, SYS_prlimit64, refuse, limited, COUNT(limited));
}

int list_calls(const struct calls_setting *setting, struct call *calls) {
  uint32_t refuse = setting->has_listener ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ERRNO | EPERM;
  uint32_t ask = setting->has_listener ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;
  struct list list = {.calls = calls};
  ADD_ALL(&list, refused_always, refuse);
  ADD_ALL(&list, absent, SECCOMP_RET_ERRNO | ENOSYS);
  add_sockets(&list, setting, refuse);
  add(&list, SYS_connect, ask, NULL, 0);
  add_tasks(&list, setting, refuse, ask);
  add_signals(&list, setting, refuse, ask);
  add_processes(&list, setting, refuse);
  add_scheduling(&list, setting, refuse);
  if (!setting->own_user) ADD_ALL(&list, attributes, refuse);
  return list.count;
}
