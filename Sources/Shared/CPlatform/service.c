#include "CPlatform.h"

#include <sys/xattr.h>
#include <systemd/sd-daemon.h>

/* The environment stays as it is (unset 0): a reload and the watchdog need it again, and children get an
 * environment of their own. */
int rbot_notify(const char *state) { return sd_notify(0, state); }

uint64_t rbot_watchdog_usec(void) {
  uint64_t interval = 0;
  return sd_watchdog_enabled(0, &interval) > 0 ? interval : 0;
}

int rbot_listen_fds(void) { return sd_listen_fds(0); }

bool rbot_is_delegated(const char *cgroup) {
  static const char *const names[] = {"user.delegate", "trusted.delegate"};
  char value = 0;
  for (int i = 0; i < 2; i++)
    if (getxattr(cgroup, names[i], &value, 1) == 1 && value == '1') return true;
  return false;
}
