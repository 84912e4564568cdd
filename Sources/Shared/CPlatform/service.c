#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The protocols of sd_notify(3), sd_watchdog_enabled(3) and sd_listen_fds(3), which systemd promises to keep. In a
 * few lines here, because its library brings six others into every process of ours that starts. The environment
 * stays as it is: a reload and the watchdog need it again, and children get an environment of their own. */
int rbot_notify(const char *state) {
  const char *path = getenv("NOTIFY_SOCKET");
  if (path == NULL) return 0;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  /* Of an abstract socket the '@' stands for a null byte. */
  if (length < 2 || (path[0] != '/' && path[0] != '@')) return -EAFNOSUPPORT;
  if (length >= sizeof address.sun_path) return -E2BIG;
  memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, size);
  int reason = errno;
  close(fd);
  return sent < 0 ? -reason : 1;
}

/* A number in the environment, 0 where there is none. */
static uint64_t number(const char *name) {
  const char *text = getenv(name);
  char *end = NULL;
  if (text == NULL || *text < '0' || *text > '9') return 0;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  return errno != 0 || *end != '\0' ? 0 : value;
}

uint64_t rbot_watchdog_usec(void) {
  if (getenv("WATCHDOG_PID") != NULL && number("WATCHDOG_PID") != (uint64_t)getpid()) return 0;
  return number("WATCHDOG_USEC");
}

int rbot_listen_fds(void) {
  uint64_t count = number("LISTEN_FDS");
  if (number("LISTEN_PID") != (uint64_t)getpid() || count > 1024) return 0;
  for (int fd = 3; fd < 3 + (int)count; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
  return (int)count;
}

bool rbot_is_delegated(const char *cgroup) {
  static const char *const names[] = {"user.delegate", "trusted.delegate"};
  char value = 0;
  for (int i = 0; i < 2; i++)
    if (getxattr(cgroup, names[i], &value, 1) == 1 && value == '1') return true;
  return false;
}
