#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name;
  int resource;
} resources[] = {
    {"as", RLIMIT_AS},         {"core", RLIMIT_CORE},   {"cpu", RLIMIT_CPU},     {"data", RLIMIT_DATA},
    {"fsize", RLIMIT_FSIZE},   {"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC}, {"stack", RLIMIT_STACK},
    {"memlock", RLIMIT_MEMLOCK},
};

static int refuse(const char *option, const char *value) {
  fprintf(stderr, "rbot-exec: %s %s makes no sense\n", option, value ? value : "(nothing)");
  return -1;
}

static int read_number(const char *text, int base, unsigned long long maximum, unsigned long long *number) {
  if (text == NULL || *text < '0' || *text > '9') return -1;
  char *end = NULL;
  errno = 0;
  *number = strtoull(text, &end, base);
  return errno != 0 || *end != '\0' || *number > maximum ? -1 : 0;
}

static int read_limit(const char *text, struct plan *plan) {
  const char *equals = text ? strchr(text, '=') : NULL;
  unsigned long long number = 0;
  if (equals == NULL || plan->limit_count == LIMITS_MAX) return -1;
  if (read_number(equals + 1, 10, ~0ULL, &number) < 0) return -1;
  for (size_t i = 0; i < sizeof resources / sizeof *resources; i++) {
    size_t length = strlen(resources[i].name);
    if (length != (size_t)(equals - text) || strncmp(text, resources[i].name, length) != 0) continue;
    plan->limits[plan->limit_count++] = (struct limit){resources[i].resource, (rlim_t)number};
    return 0;
  }
  return -1;
}

static int read_option(const char *option, const char *value, struct plan *plan) {
  unsigned long long number = 0;
  if (value == NULL) return -1;
  if (strcmp(option, "--cgroup") == 0) return plan->cgroup = value, 0;
  if (strcmp(option, "--chdir") == 0) return plan->directory = value, 0;
  if (strcmp(option, "--rlimit") == 0) return read_limit(value, plan);
  if (strcmp(option, "--umask") == 0) {
    if (read_number(value, 8, 0777, &number) < 0) return -1;
    plan->umask = (mode_t)number;
    plan->has_umask = true;
    return 0;
  }
  if (read_number(value, 10, 0x7fffffff, &number) < 0) return -1;
  if (strcmp(option, "--parent") == 0) return plan->parent = (pid_t)number, 0;
  if (strcmp(option, "--report") == 0) return plan->report = (int)number, 0;
  if (strcmp(option, "--keep") == 0) {
    if (plan->kept_count == KEPT_MAX) return -1;
    plan->kept[plan->kept_count++] = (int)number;
    return 0;
  }
  return -1;
}

int read_plan(int argc, char **argv, struct plan *plan) {
  memset(plan, 0, sizeof *plan);
  plan->report = -1;
  int next = 1;
  while (next < argc && strcmp(argv[next], "--") != 0) {
    if (read_option(argv[next], argv[next + 1], plan) < 0) return refuse(argv[next], argv[next + 1]);
    next += 2;
  }
  if (next + 1 >= argc) return refuse("--", NULL);
  plan->command = argv + next + 1;
  return 0;
}
