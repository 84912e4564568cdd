#define _GNU_SOURCE
#include "await.h"

#include "bare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static char bytes[AWAITED_BYTES_MAX];
static char *pointers[AWAITED_WORDS_MAX + 2];

/* The first message's beginning, and the descriptor that came with it, or -1. */
static ssize_t receive(int fd, void *start, size_t size, int *passed) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof *passed)];
  } control;
  struct iovec part = {start, size};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t count;
  do count = syscall(SYS_recvmsg, fd, &message, 0L);
  while (count < 0 && errno == EINTR);
  *passed = -1;
  if (count > 0 && message.msg_controllen >= CMSG_LEN(sizeof *passed) && control.header.cmsg_level == SOL_SOCKET &&
      control.header.cmsg_type == SCM_RIGHTS)
    memcpy(passed, CMSG_DATA(&control.header), sizeof *passed);
  return count;
}

static bool receive_all(int fd, char *start, size_t size) {
  while (size > 0) {
    ssize_t count = syscall(SYS_read, fd, start, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    start += count;
    size -= (size_t)count;
  }
  return true;
}

/* Whether the texts are as many as was said, each with its end. */
static bool point(size_t size, uint32_t words, uint32_t variables) {
  size_t at = 0;
  for (uint32_t i = 0; i < words + variables; i++) {
    size_t begin = at;
    while (at < size && bytes[at] != '\0') at++;
    if (at == size) return false;
    at++;
    pointers[i < words ? i : i + 1] = bytes + begin;
  }
  return at == size;
}

int await_words(int fd, char ***words) {
  uint32_t header[3];
  int passed;
  ssize_t count = receive(fd, header, sizeof header, &passed);
  if (count == 0) return 0;
  if (count != sizeof header) return -1;
  if (passed >= 0 && passed != AWAITED_LOCK) {
    if (syscall(SYS_dup3, passed, AWAITED_LOCK, 0) < 0) return -1;
    close(passed);
  }
  if (header[0] > sizeof bytes || header[1] == 0 || header[1] > AWAITED_WORDS_MAX || header[2] > AWAITED_WORDS_MAX - header[1])
    return -1;
  if (!receive_all(fd, bytes, header[0]) || !point(header[0], header[1], header[2])) return -1;
  use_environment(pointers + header[1] + 1);
  *words = pointers;
  return (int)header[1];
}
