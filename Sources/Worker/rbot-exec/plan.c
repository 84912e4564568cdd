#include "plan.h"

#include "bare.h"

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
  say("rbot-exec: ", option, " ", value ? value : "(nothing)", " makes no sense", NULL);
  return -1;
}

static int read_number(const char *text, unsigned base, unsigned long long maximum, unsigned long long *number) {
  if (text == NULL || *text == '\0') return -1;
  for (*number = 0; *text != '\0'; text++) {
    unsigned digit = (unsigned)(*text - '0');
    if (digit >= base || *number > (maximum - digit) / base) return -1;
    *number = *number * base + digit;
  }
  return 0;
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

/* "NUMBER:NUMBER" */
static int read_pair(const char *text, unsigned long long maximum, unsigned long long *first, unsigned long long *second) {
  const char *colon = strchr(text, ':');
  char before[16] = "";
  if (colon == NULL || (size_t)(colon - text) >= sizeof before) return -1;
  memcpy(before, text, (size_t)(colon - text));
  return read_number(before, 10, maximum, first) < 0 ? -1 : read_number(colon + 1, 10, maximum, second);
}

static int read_user(const char *text, struct plan *plan) {
  unsigned long long uid = 0, gid = 0;
  /* The highest number means "leave it as it is" to the kernel. */
  if (read_pair(text, 0xfffffffe, &uid, &gid) < 0) return -1;
  plan->user = (uid_t)uid;
  plan->group = (gid_t)gid;
  plan->has_user = true;
  return 0;
}

static int read_rules(const char *text, struct plan *plan) {
  unsigned long long fd = 0, abi = 0;
  if (read_pair(text, 0x7fffffff, &fd, &abi) < 0 || abi == 0) return -1;
  plan->rules = (int)fd;
  plan->rules_abi = (int)abi;
  return 0;
}

static int read_path(const char *value, const char **paths, int *count, int maximum) {
  if (*count == maximum) return -1;
  paths[(*count)++] = value;
  return 0;
}

/* Whether it is one of the options that stand alone. */
static bool read_flag(const char *option, struct plan *plan) {
  if (strcmp(option, "--sandbox") == 0) return plan->sandbox = true;
  if (strcmp(option, "--network") == 0) return plan->network = true;
  if (strcmp(option, "--tasks") == 0) return plan->tasks = true;
  if (strcmp(option, "--required") == 0) return plan->required = true;
  return false;
}

static int read_option(const char *option, const char *value, struct plan *plan) {
  unsigned long long number = 0;
  if (value == NULL) return -1;
  if (strcmp(option, "--cgroup") == 0) return plan->cgroup = value, 0;
  if (strcmp(option, "--chdir") == 0) return plan->directory = value, 0;
  if (strcmp(option, "--rlimit") == 0) return read_limit(value, plan);
  if (strcmp(option, "--user") == 0) return read_user(value, plan);
  if (strcmp(option, "--rules") == 0) return read_rules(value, plan);
  if (strcmp(option, "--read") == 0)
    return read_path(value, plan->readable, &plan->readable_count, READABLE_MAX);
  if (strcmp(option, "--write") == 0)
    return read_path(value, plan->writable, &plan->writable_count, WRITABLE_MAX);
  if (strcmp(option, "--umask") == 0) {
    if (read_number(value, 8, 0777, &number) < 0) return -1;
    plan->umask = (mode_t)number;
    plan->has_umask = true;
    return 0;
  }
  if (read_number(value, 10, 0x7fffffff, &number) < 0) return -1;
  if (strcmp(option, "--parent") == 0) return plan->parent = (pid_t)number, 0;
  if (strcmp(option, "--report") == 0) return plan->report = (int)number, 0;
  if (strcmp(option, "--await") == 0) return plan->awaited = (int)number, 0;
  if (strcmp(option, "--keep") == 0) {
    if (plan->kept_count == KEPT_MAX) return -1;
    plan->kept[plan->kept_count++] = (int)number;
    return 0;
  }
  return -1;
}

int read_plan(int argc, char **argv, struct plan *plan) {
  memset(plan, 0, sizeof *plan);
  plan->report = plan->rules = plan->awaited = -1;
  int next = 1;
  while (next < argc && strcmp(argv[next], "--") != 0) {
    if (read_flag(argv[next], plan)) {
      next += 1;
      continue;
    }
    if (read_option(argv[next], argv[next + 1], plan) < 0) return refuse(argv[next], argv[next + 1]);
    next += 2;
  }
  if (plan->awaited >= 0 && next == argc) return 0;
  if (plan->awaited >= 0 || next + 1 >= argc) return refuse("--", NULL);
  plan->command = argv + next + 1;
  return 0;
}
