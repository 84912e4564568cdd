/* Makes one system call and says what came of it: probe NUMBER [ARGUMENT]...
 *
 * An argument is a number, or @TEXT for the address of TEXT, #SIZE for that of a zeroed buffer of SIZE bytes, or
 * ~PATH for that of a Unix address (its length is 110), an abstract one where PATH begins with @; pid, ppid and -pid
 * are ours, unix is a new stream socket. Prints "RESULT ERRNO". */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static long value_of(const char *text) {
  if (*text == '@') return (long)(text + 1);
  if (*text == '#') return (long)calloc(1, strtoul(text + 1, NULL, 0));
  if (*text == '~') {
    struct sockaddr_un *address = calloc(1, sizeof *address);
    address->sun_family = AF_UNIX;
    strncpy(address->sun_path, text + 1, sizeof address->sun_path - 1);
    if (address->sun_path[0] == '@') address->sun_path[0] = '\0';
    return (long)address;
  }
  if (strcmp(text, "unix") == 0) return socket(AF_UNIX, SOCK_STREAM, 0);
  if (strcmp(text, "pid") == 0) return getpid();
  if (strcmp(text, "-pid") == 0) return -getpid();
  if (strcmp(text, "ppid") == 0) return getppid();
  return (long)strtoull(text, NULL, 0);
}

int main(int argc, char **argv) {
  long a[6] = {0};
  if (argc < 2) return 2;
  for (int i = 2; i < argc && i < 8; i++) a[i - 2] = value_of(argv[i]);
  errno = 0;
  long result = syscall(strtol(argv[1], NULL, 0), a[0], a[1], a[2], a[3], a[4], a[5]);
  int reason = errno;
  printf("%ld %d\n", result, reason);
  return 0;
}
