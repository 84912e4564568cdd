/* Landlock: which files the command and all its children can reach, and that their signals and abstract sockets
 * stay among themselves. The kernel's interface is declared here, since the C library's headers may be older
 * than the kernel that this runs on.
 *
 * What Landlock cannot refuse: looking at a file's attributes (stat), changing them (chmod, see table.c), readlink,
 * chdir, and descriptors that are open already. /proc as a whole is never granted by the supervisor: /proc/self as a --read is the folder of our own pid,
 * which the command keeps.
 *
 * A supervisor may have begun the ruleset (--rules), with what is the same for all of its workers: each of the paths
 * would have to be found and opened again here. Nobody else may have the descriptor, since what is added to it
 * holds for all who use it.
 *
 * The folder of our own pid stays open, as a mere reference (O_PATH), in the command too: a rule holds for an inode,
 * and /proc makes another one for the same path once memory was short and nobody held the first. The single files of
 * /proc are the same for every worker, so the supervisor holds those. */
#define _GNU_SOURCE
#include "bare.h"
#include "report.h"
#include "stages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The newest ABI whose rights we know; a test builds this file with an older one. */
#ifndef LANDLOCK_ABI_MAX
#define LANDLOCK_ABI_MAX 7
#endif

enum { CALL_CREATE_RULESET = 444, CALL_ADD_RULE = 445, CALL_RESTRICT_SELF = 446 };
enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1 };

/* Bits of a file system right, and the ABI that brought each. */
enum {
  EXECUTE = 1 << 0,
  WRITE_FILE = 1 << 1,
  READ_FILE = 1 << 2,
  READ_DIR = 1 << 3,
  ABI_1_RIGHTS = (1 << 13) - 1,
  REFER = 1 << 13,     /* 2 */
  TRUNCATE = 1 << 14,  /* 3 */
  IOCTL_DEV = 1 << 15, /* 5 */
  OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
};
enum { BIND_TCP = 1 << 0, CONNECT_TCP = 1 << 1 };          /* 4 */
enum { ABSTRACT_UNIX_SOCKET = 1 << 0, SIGNAL = 1 << 1 };   /* 6 */

struct ruleset {
  uint64_t files;
  uint64_t network; /* 4 */
  uint64_t scopes;  /* 6 */
};

struct path_beneath {
  uint64_t allowed;
  int32_t parent;
} __attribute__((packed));

/* The paths that exist and could not be granted, for the layer's detail. */
struct skipped {
  char bytes[TOLD_MAX / 2];
  struct text text;
  int count;
};

static bool scoped;
static int pinned[READABLE_MAX + WRITABLE_MAX];
static int pinned_count;

bool signals_are_scoped(void) { return scoped; }

bool is_pinned(int fd) {
  for (int i = 0; i < pinned_count; i++)
    if (pinned[i] == fd) return true;
  return false;
}

int highest_pinned(void) {
  int highest = -1;
  for (int i = 0; i < pinned_count; i++)
    if (pinned[i] > highest) highest = pinned[i];
  return highest;
}

/* The device number of /proc, which is one file system whatever its paths are. */
static dev_t proc_device(void) {
  static struct stat proc;
  if (proc.st_dev == 0 && syscall(SYS_newfstatat, AT_FDCWD, "/proc", &proc, 0L) < 0) return 0;
  return proc.st_dev;
}

static int probe(void) {
  long abi = syscall(CALL_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
  if (abi >= 1 && LANDLOCK_ABI_MAX < 1) return errno = ENOSYS, -1;
  return abi > LANDLOCK_ABI_MAX ? LANDLOCK_ABI_MAX : (int)abi;
}

static struct ruleset ruleset_for(int abi, bool network) {
  struct ruleset rules = {.files = ABI_1_RIGHTS};
  if (abi >= 2) rules.files |= REFER;
  if (abi >= 3) rules.files |= TRUNCATE;
  if (abi >= 4 && !network) rules.network = BIND_TCP | CONNECT_TCP;
  if (abi >= 5) rules.files |= IOCTL_DEV;
  if (abi >= 6) rules.scopes = ABSTRACT_UNIX_SOCKET | SIGNAL;
  return rules;
}

static void skip(struct skipped *skipped, const char *path, int reason) {
  skipped->count++;
  add_text(&skipped->text, " ");
  add_text(&skipped->text, path);
  add_text(&skipped->text, " (");
  add_text(&skipped->text, reason_text(reason));
  add_text(&skipped->text, ")");
}

/* A path that is not there is passed over: runtimes differ from machine to machine. */
static void grant(int rules, const char *path, uint64_t allowed, struct skipped *skipped) {
  struct stat status;
  int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd < 0) {
    if (errno != ENOENT && errno != ENOTDIR) skip(skipped, path, errno);
    return;
  }
  /* The kernel takes a folder's rights for nothing but folders. */
  if (syscall(SYS_fstat, fd, &status) < 0) status = (struct stat){0};
  if (!S_ISDIR(status.st_mode)) allowed &= OF_A_FILE;
  struct path_beneath rule = {.allowed = allowed, .parent = fd};
  if (syscall(CALL_ADD_RULE, rules, RULE_PATH_BENEATH, &rule, 0) < 0)
    skip(skipped, path, errno);
  else if (S_ISDIR(status.st_mode) && status.st_dev != 0 && status.st_dev == proc_device() && fcntl(fd, F_SETFD, 0) == 0) {
    pinned[pinned_count++] = fd;
    return;
  }
  close(fd);
}

static int restrict_files(const struct plan *plan, int abi, struct skipped *skipped) {
  struct ruleset wanted = ruleset_for(abi, plan->network);
  /* An older kernel takes the longer structure too, as what it does not know is zero. */
  int rules = plan->rules >= 0 ? plan->rules : (int)syscall(CALL_CREATE_RULESET, &wanted, sizeof wanted, 0);
  if (rules < 0) return -1;
  for (int i = 0; i < plan->readable_count; i++)
    grant(rules, plan->readable[i], wanted.files & (EXECUTE | READ_FILE | READ_DIR), skipped);
  for (int i = 0; i < plan->writable_count; i++) grant(rules, plan->writable[i], wanted.files, skipped);
  int status = (int)syscall(CALL_RESTRICT_SELF, rules, 0);
  int reason = errno;
  close(rules);
  errno = reason;
  return status;
}

int stage_files(const struct plan *plan) {
  if (!plan->sandbox) return 0;
  struct skipped skipped;
  skipped.text = TEXT(skipped.bytes);
  skipped.count = 0;
  int abi = plan->rules >= 0 ? plan->rules_abi : probe();
  if (abi > LANDLOCK_ABI_MAX) return errno = EINVAL, -1; /* whoever began the ruleset is of another version */
  if (abi < 1 || restrict_files(plan, abi, &skipped) < 0) {
    int reason = errno;
    if (plan->rules >= 0) return -1; /* there is a Landlock, so something is wrong with what we were given */
    tell_off(plan, "files", reason, abi < 1 ? "the kernel has no Landlock" : "Landlock refused our rules");
    errno = reason;
    return plan->required ? -1 : 0;
  }
  char detail[TOLD_MAX];
  struct text text = TEXT(detail);
  add_text(&text, "landlock ");
  add_number(&text, (unsigned)abi);
  if (skipped.count > 0) {
    add_text(&text, "; ");
    add_number(&text, (unsigned)skipped.count);
    add_text(&text, " not granted:");
    add_text(&text, skipped.bytes);
  }
  tell_on(plan, "files", detail);
  scoped = abi >= 6;
  if (scoped) tell_on(plan, "signals", "landlock scope");
  return 0;
}
