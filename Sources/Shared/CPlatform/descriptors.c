#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int rbot_peer_credentials(int fd, pid_t *pid, uid_t *uid, gid_t *gid) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return -1;
  *pid = peer.pid;
  *uid = peer.uid;
  *gid = peer.gid;
  return 0;
}

int rbot_socket_family(int fd) {
  int family = -1;
  socklen_t size = sizeof family;
  return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) < 0 ? -1 : family;
}

static int set_lock(int fd, int byte, short kind) {
  struct flock lock = {.l_type = kind, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
  int status;
  do {
    status = fcntl(fd, F_OFD_SETLK, &lock);
  } while (status < 0 && errno == EINTR);
  if (status < 0 && errno == EACCES) errno = EWOULDBLOCK;
  return status;
}

int rbot_try_lock(int fd, int byte, bool exclusive) { return set_lock(fd, byte, exclusive ? F_WRLCK : F_RDLCK); }

int rbot_unlock(int fd, int byte) { return set_lock(fd, byte, F_UNLCK); }

int rbot_reopen(int fd) {
  char path[40];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return open(path, O_RDONLY | O_CLOEXEC);
}

int rbot_pipe(int fds[2]) { return pipe2(fds, O_CLOEXEC); }

int rbot_socketpair(int fds[2]) { return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds); }

ssize_t rbot_receive(int fd, void *bytes, size_t size, int *fds, int fd_max, int *fd_count) {
  union {
    char space[CMSG_SPACE(32 * sizeof(int))];
    struct cmsghdr align;
  } control;
  struct iovec part = {bytes, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
                           .msg_controllen = sizeof control};
  ssize_t count;
  *fd_count = 0;
  do {
    count = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return -1;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part != NULL; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    size_t number = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < number; i++) {
      int passed;
      memcpy(&passed, CMSG_DATA(part) + i * sizeof passed, sizeof passed);
      if (*fd_count < fd_max)
        fds[(*fd_count)++] = passed;
      else
        close(passed);
    }
  }
  return count;
}

int rbot_send_whole(int fd, const void *bytes, size_t size, int passed) {
  union {
    char space[CMSG_SPACE(sizeof(int))];
    struct cmsghdr header;
  } control = {.header = {.cmsg_len = CMSG_LEN(sizeof passed), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  struct iovec part = {(void *)bytes, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (passed >= 0) {
    memcpy(CMSG_DATA(&control.header), &passed, sizeof passed);
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
  }
  ssize_t sent;
  do {
    sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent == (ssize_t)size ? 0 : -1;
}

static void interrupt(int number) { (void)number; }

/* Neither O_NONBLOCK nor SO_SNDTIMEO will do: both belong to the open socket, which another process shares and may
 * set as it likes. A signal to this thread ends the wait, and goes on coming in case the first came too early. */
int rbot_connect_within(int fd, const void *address, size_t length, int timeout_ms) {
  int alarm_signal = SIGRTMAX - 1;
  struct sigaction action = {.sa_handler = interrupt};
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = alarm_signal};
  event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
  struct itimerspec when = {.it_value = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L},
                            .it_interval = {0, 50000000}};
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, alarm_signal);
  timer_t timer;
  if (sigaction(alarm_signal, &action, NULL) < 0 || timer_create(CLOCK_MONOTONIC, &event, &timer) < 0) return errno;
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  timer_settime(timer, 0, &when, NULL);
  int reason = connect(fd, address, (socklen_t)length) < 0 ? errno : 0;
  timer_delete(timer);
  return reason;
}

int rbot_connect_unix(int fd, const char *path, int timeout_ms) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (length >= sizeof address.sun_path) return ENAMETOOLONG;
  memcpy(address.sun_path, path, length);
  int reason = rbot_connect_within(fd, &address, sizeof address, timeout_ms);
  return reason == EINTR ? EAGAIN : reason;
}

int rbot_set_nonblocking(int fd, bool nonblocking) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return -1;
  return fcntl(fd, F_SETFL, nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

int rbot_duplicate_above(int fd, int minimum) { return fcntl(fd, F_DUPFD_CLOEXEC, minimum); }

int rbot_open_null(void) { return open("/dev/null", O_RDWR | O_CLOEXEC); }

int rbot_random(void *bytes, size_t count) {
  unsigned char *next = bytes;
  while (count > 0) {
    ssize_t got = getrandom(next, count, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    next += got;
    count -= (size_t)got;
  }
  return 0;
}
