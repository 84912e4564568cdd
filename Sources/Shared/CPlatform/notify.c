#define _GNU_SOURCE
#include "CPlatform.h"

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

/* The kernel's structures may be larger than those that we were compiled with. */
static size_t size_in_kernel(bool answer) {
  static struct seccomp_notif_sizes sizes;
  if (sizes.seccomp_notif == 0) {
    struct seccomp_notif_sizes seen;
    if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &seen) < 0) return 0;
    sizes = seen;
  }
  size_t theirs = answer ? sizes.seccomp_notif_resp : sizes.seccomp_notif;
  size_t ours = answer ? sizeof(struct seccomp_notif_resp) : sizeof(struct seccomp_notif);
  return theirs > ours ? theirs : ours;
}

int rbot_notify_receive(int listener, struct rbot_notification *notification) {
  size_t size = size_in_kernel(false);
  if (size == 0 || size > 4096) return errno = ENOSYS, -1;
  struct seccomp_notif *seen = alloca(size);
  memset(seen, 0, size); /* or the kernel refuses to fill it */
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, seen) < 0) return -1;
  notification->id = seen->id;
  notification->task = (pid_t)seen->pid;
  notification->number = seen->data.nr;
  for (int i = 0; i < 6; i++) notification->arguments[i] = seen->data.args[i];
  return 0;
}

static int answer(int listener, uint64_t id, int error, uint32_t flags) {
  size_t size = size_in_kernel(true);
  if (size == 0 || size > 4096) return errno = ENOSYS, -1;
  struct seccomp_notif_resp *reply = alloca(size);
  memset(reply, 0, size);
  reply->id = id;
  reply->error = -error;
  reply->flags = flags;
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, reply);
}

int rbot_notify_answer(int listener, uint64_t id, int error) { return answer(listener, id, error, 0); }

int rbot_notify_continue(int listener, uint64_t id) {
  return answer(listener, id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

bool rbot_notify_is_valid(int listener, uint64_t id) {
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

ssize_t rbot_read_memory(pid_t task, uint64_t address, void *bytes, size_t size) {
  struct iovec ours = {bytes, size}, theirs = {(void *)(uintptr_t)address, size};
  return process_vm_readv(task, &ours, 1, &theirs, 1, 0);
}

int rbot_take_descriptor(pid_t task, int fd) {
  /* A thread may have descriptors of its own, but kernels before 6.9 know only processes. */
  int pidfd = (int)syscall(SYS_pidfd_open, task, PIDFD_THREAD);
  if (pidfd < 0 && errno == EINVAL) pidfd = (int)syscall(SYS_pidfd_open, task, 0);
  if (pidfd < 0) return -1;
  int copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
  int reason = errno;
  close(pidfd);
  errno = reason;
  return copy;
}

enum rbot_call rbot_call_kind(int number) {
  switch (number) {
    case SYS_connect: return RBOT_CALL_CONNECT;
    case SYS_kill: return RBOT_CALL_KILL;
    case SYS_tkill: return RBOT_CALL_SIGNAL_TASK;
    case SYS_tgkill:
    case SYS_rt_tgsigqueueinfo: return RBOT_CALL_SIGNAL_THREAD;
    case SYS_rt_sigqueueinfo: return RBOT_CALL_SIGNAL_PROCESS;
    case SYS_pidfd_send_signal: return RBOT_CALL_SIGNAL_PIDFD;
    case SYS_clone:
#ifdef SYS_fork
    case SYS_fork:
    case SYS_vfork:
#endif
      return RBOT_CALL_CLONE;
    case SYS_socket:
    case SYS_socketpair: return RBOT_CALL_SOCKET;
    case SYS_sched_setscheduler:
    case SYS_sched_setparam:
    case SYS_sched_setattr:
    case SYS_sched_setaffinity: return RBOT_CALL_SCHEDULE;
    case SYS_setpriority: return RBOT_CALL_PRIORITY;
    case SYS_ioprio_set: return RBOT_CALL_DISK_PRIORITY;
#ifdef SYS_chmod
    case SYS_chmod: return RBOT_CALL_CHMOD;
#endif
    case SYS_fchmod: return RBOT_CALL_FCHMOD;
    case SYS_fchmodat: return RBOT_CALL_FCHMODAT;
    case RBOT_FCHMODAT2: return RBOT_CALL_FCHMODAT2;
    case SYS_utimensat: return RBOT_CALL_UTIMENSAT;
    default: return RBOT_CALL_OTHER;
  }
}
