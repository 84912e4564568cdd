#define _GNU_SOURCE
#include "CPlatform.h"

#include <fcntl.h>
#include <sys/fsuid.h>

int rbot_open_place(const char *path) { return open(path, O_PATH | O_CLOEXEC); }

/* The calls return what was before, whether they took effect or not: asking again with an id that cannot be is how
 * one learns that. */
bool rbot_set_file_user(uid_t uid, gid_t gid) {
  setfsgid(gid);
  setfsuid(uid);
  return (uid_t)setfsuid((uid_t)-1) == uid && (gid_t)setfsgid((gid_t)-1) == gid;
}
