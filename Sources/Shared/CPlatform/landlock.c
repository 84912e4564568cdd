#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's interface, declared here since the C library's headers may be older. rbot-exec has the whole of it and
 * says in files.c what each right is; a ruleset that is begun here is finished there, and the kernel refuses a
 * right that the two do not agree on. */
enum { CALL_CREATE_RULESET = 444, CALL_ADD_RULE = 445 };
enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1, ABI_MAX = 7 };

enum {
  EXECUTE = 1 << 0,
  WRITE_FILE = 1 << 1,
  READ_FILE = 1 << 2,
  READ_DIR = 1 << 3,
  ABI_1_RIGHTS = (1 << 13) - 1,
  REFER = 1 << 13,     /* 2 */
  TRUNCATE = 1 << 14,  /* 3 */
  IOCTL_DEV = 1 << 15, /* 5 */
};

struct ruleset {
  uint64_t files, network, scopes;
};

struct path_beneath {
  uint64_t allowed;
  int32_t parent;
} __attribute__((packed));

int rbot_landlock_abi(void) {
  long abi = syscall(CALL_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
  return abi < 0 ? 0 : abi > ABI_MAX ? ABI_MAX : (int)abi;
}

int rbot_open_shared_place(const char *path, struct rbot_place *place) {
  struct stat status;
  int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd < 0) return -1;
  if (fstat(fd, &status) < 0) {
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
  }
  *place = (struct rbot_place){fd, S_ISDIR(status.st_mode), false, status.st_dev, status.st_ino};
  return 0;
}

bool rbot_is_same_place(const char *path, const struct rbot_place *place) {
  struct stat status;
  return stat(path, &status) == 0 && status.st_dev == place->device && status.st_ino == place->inode;
}

int rbot_begin_ruleset(int abi, bool network, const struct rbot_place *places, size_t count) {
  struct ruleset wanted = {.files = ABI_1_RIGHTS};
  if (abi >= 2) wanted.files |= REFER;
  if (abi >= 3) wanted.files |= TRUNCATE;
  if (abi >= 4 && !network) wanted.network = 3; /* to bind and to connect over TCP */
  if (abi >= 5) wanted.files |= IOCTL_DEV;
  if (abi >= 6) wanted.scopes = 3; /* abstract Unix sockets and signals */
  int rules = (int)syscall(CALL_CREATE_RULESET, &wanted, sizeof wanted, 0);
  if (rules < 0) return -1;
  for (size_t i = 0; i < count; i++) {
    uint64_t allowed = EXECUTE | READ_FILE | (places[i].is_folder ? READ_DIR : 0);
    if (places[i].is_writable) allowed |= WRITE_FILE | (wanted.files & (TRUNCATE | IOCTL_DEV));
    struct path_beneath rule = {.allowed = allowed, .parent = places[i].fd};
    if (syscall(CALL_ADD_RULE, rules, RULE_PATH_BENEATH, &rule, 0) == 0) continue;
    int reason = errno;
    close(rules);
    errno = reason;
    return -1;
  }
  return rules;
}
