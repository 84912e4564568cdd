/* What rbot-exec was asked to do, read from its arguments. Secrets are not among them: they travel in the
 * environment, which passes through untouched. */
#ifndef RBOT_EXEC_PLAN_H
#define RBOT_EXEC_PLAN_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

enum { LIMITS_MAX = 16, KEPT_MAX = 8, READABLE_MAX = 64, WRITABLE_MAX = 16 };

struct limit {
  int resource;
  rlim_t value;
};

struct plan {
  pid_t parent;         /* --parent PID: who must still be our parent */
  int awaited;          /* --await FD: where to be told what to become (await.h); -1 without */
  int report;           /* --report FD: where layers and failures are told; -1 without */
  int kept[KEPT_MAX];   /* --keep FD: beyond 0 to 3, what the command inherits */
  int kept_count;
  const char *cgroup;   /* --cgroup DIR: the cgroup v2 directory to join */
  mode_t umask;         /* --umask OCTAL */
  bool has_umask;
  struct limit limits[LIMITS_MAX]; /* --rlimit NAME=NUMBER, soft and hard alike */
  int limit_count;
  const char *directory; /* --chdir DIR */
  uid_t user;            /* --user UID:GID */
  gid_t group;
  bool has_user;
  bool sandbox;                       /* --sandbox: all layers; without it none of those that follow */
  const char *readable[READABLE_MAX]; /* --read PATH: what it may read and execute */
  int readable_count;
  const char *writable[WRITABLE_MAX]; /* --write PATH: where it may do anything with files */
  int writable_count;
  int rules;      /* --rules FD:ABI: a Landlock ruleset that was begun for us, and for which version; -1 without */
  int rules_abi;
  bool network;   /* --network: IPv4 and IPv6 stay */
  bool tasks;     /* --tasks: new processes and threads are asked for */
  bool required;  /* --required: a layer that cannot be had ends the start */
  char **command; /* everything after --; none with --await */
};

/* 0, or -1 after it said on standard error what is wrong. */
int read_plan(int argc, char **argv, struct plan *plan);

#endif
