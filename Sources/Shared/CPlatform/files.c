#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int rbot_open_place(const char *path) { return open(path, O_PATH | O_CLOEXEC); }

/* The calls return what was before, whether they took effect or not: asking again with an id that cannot be is how
 * one learns that. */
bool rbot_set_file_user(uid_t uid, gid_t gid) {
  setfsgid(gid);
  setfsuid(uid);
  return (uid_t)setfsuid((uid_t)-1) == uid && (gid_t)setfsgid((gid_t)-1) == gid;
}

int rbot_open_place_beneath(const char *folder, const char *path, bool follow) {
  int base = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (base < 0) return -1;
  struct open_how how = {
      .flags = (uint64_t)(O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW)),
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  int place = (int)syscall(SYS_openat2, base, path, &how, sizeof how);
  int reason = errno;
  close(base);
  errno = reason;
  return place;
}

/* Descriptors that open nothing take no fchmod, but have a name in /proc. */
static int name_own(int place, char *name, size_t size) {
  struct stat status;
  if (fstat(place, &status) < 0) return errno;
  if (status.st_uid != geteuid()) return EPERM;
  snprintf(name, size, "/proc/self/fd/%d", place);
  return 0;
}

int rbot_change_mode(int place, mode_t mode) {
  char name[40];
  int reason = name_own(place, name, sizeof name);
  return reason != 0 ? reason : chmod(name, mode) < 0 ? errno : 0;
}

int rbot_change_times(int place, const int64_t *times) {
  struct timespec pair[2];
  for (int i = 0; times != NULL && i < 2; i++)
    pair[i] = (struct timespec){.tv_sec = times[2 * i], .tv_nsec = times[2 * i + 1]};
  char name[40];
  int reason = name_own(place, name, sizeof name);
  return reason != 0 ? reason : utimensat(AT_FDCWD, name, times ? pair : NULL, 0) < 0 ? errno : 0;
}
