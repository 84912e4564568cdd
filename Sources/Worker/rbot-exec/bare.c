#define _GNU_SOURCE
#include "bare.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv);

static char **environment;
static int last_errno;

int *__errno_location(void) { return &last_errno; }

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call bare_start\n");

static long call(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "+a"(number)
                   : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return number;
}
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x30, #0\n mov x0, sp\n b bare_start\n");

static long call(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#else
#error "how does a program start here, and how does it call the system?"
#endif

/* The kernel leaves the count, the arguments, a null pointer and the environment on the stack. */
__attribute__((noreturn, used)) void bare_start(long *stack) {
  char **arguments = (char **)(stack + 1);
  environment = arguments + *stack + 1;
  long status = main((int)*stack, arguments);
  for (;;) call(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

void use_environment(char **variables) { environment = variables; }

static long checked(long result) {
  if (result >= -4095 && result < 0) {
    last_errno = (int)-result;
    return -1;
  }
  return result;
}

#define CALL(number, a, b, c, d, e, f) \
  checked(call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)))
#define CALL_3(number, a, b, c) CALL(number, a, b, c, 0, 0, 0)

long syscall(long number, ...) {
  long values[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; i++) values[i] = va_arg(list, long);
  va_end(list);
  return CALL(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}

int prctl(int option, ...) {
  unsigned long values[4];
  va_list list;
  va_start(list, option);
  for (int i = 0; i < 4; i++) values[i] = va_arg(list, unsigned long);
  va_end(list);
  return (int)CALL(SYS_prctl, option, values[0], values[1], values[2], values[3], 0);
}

/* Only for files that are there already. */
int open(const char *path, int flags, ...) { return (int)CALL_3(SYS_openat, AT_FDCWD, path, flags); }

int fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  long value = va_arg(list, int);
  va_end(list);
  return (int)CALL_3(SYS_fcntl, fd, command, value);
}

int close(int fd) { return (int)CALL_3(SYS_close, fd, 0, 0); }
ssize_t write(int fd, const void *bytes, size_t count) { return CALL_3(SYS_write, fd, bytes, count); }
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) { return CALL_3(SYS_sendmsg, fd, message, flags); }
int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict size) {
  return (int)CALL(SYS_getsockopt, fd, level, name, value, size, 0);
}
int chdir(const char *path) { return (int)CALL_3(SYS_chdir, path, 0, 0); }
mode_t umask(mode_t mask) { return (mode_t)CALL_3(SYS_umask, mask, 0, 0); }
pid_t getpid(void) { return (pid_t)CALL_3(SYS_getpid, 0, 0, 0); }
pid_t getppid(void) { return (pid_t)CALL_3(SYS_getppid, 0, 0, 0); }
pid_t setsid(void) { return (pid_t)CALL_3(SYS_setsid, 0, 0, 0); }
uid_t getuid(void) { return (uid_t)CALL_3(SYS_getuid, 0, 0, 0); }
gid_t getgid(void) { return (gid_t)CALL_3(SYS_getgid, 0, 0, 0); }
int setresuid(uid_t real, uid_t effective, uid_t saved) {
  return (int)CALL_3(SYS_setresuid, real, effective, saved);
}
int setresgid(gid_t real, gid_t effective, gid_t saved) {
  return (int)CALL_3(SYS_setresgid, real, effective, saved);
}
int getresuid(uid_t *real, uid_t *effective, uid_t *saved) {
  return (int)CALL_3(SYS_getresuid, real, effective, saved);
}
int getresgid(gid_t *real, gid_t *effective, gid_t *saved) {
  return (int)CALL_3(SYS_getresgid, real, effective, saved);
}
int setgroups(size_t count, const gid_t *groups) { return (int)CALL_3(SYS_setgroups, count, groups, 0); }
int getgroups(int count, gid_t *groups) { return (int)CALL_3(SYS_getgroups, count, groups, 0); }

/* Looks where a shell would. What counts is the last reason that is more than "not here". */
int execvp(const char *name, char *const arguments[]) {
  const char *path = "/bin:/usr/bin";
  int reason = ENOENT;
  if (strchr(name, '/') != NULL) return (int)CALL_3(SYS_execve, name, arguments, environment);
  for (char **one = environment; *one != NULL; one++)
    if (strncmp(*one, "PATH=", 5) == 0) path = *one + 5;
  while (*name != '\0') {
    const char *end = strchr(path, ':');
    size_t length = end ? (size_t)(end - path) : strlen(path);
    char file[PATH_MAX];
    struct text text = TEXT(file);
    if (length + strlen(name) + 2 < sizeof file) {
      memcpy(file, path, length);
      text.length = length;
      add_text(&text, length > 0 ? "/" : "");
      add_text(&text, name);
      CALL_3(SYS_execve, file, arguments, environment);
      if (errno != ENOENT && errno != ENOTDIR) reason = errno;
      if (reason != ENOENT && reason != EACCES) break;
    }
    if (end == NULL) break;
    path = end + 1;
  }
  errno = reason;
  return -1;
}
