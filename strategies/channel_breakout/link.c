#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void link_open(struct link *link, int fd) {
  if (link->in == NULL) link->in = malloc(LINK_MESSAGE_BYTES + 1);
  if (link->out == NULL) link->out = malloc(LINK_OUT_BYTES);
  if (link->in == NULL || link->out == NULL) abort();
  link->fd = fd;
  link->in_length = link->out_length = 0;
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void link_close(struct link *link) {
  if (link->fd >= 0) close(link->fd);
  link->fd = -1;
}

bool link_send(struct link *link, const char *format, ...) {
  if (link->fd < 0) return false;
  size_t room = LINK_OUT_BYTES - link->out_length;
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(link->out + link->out_length, room, format, arguments);
  va_end(arguments);
  if (length < 0 || (size_t)length + 1 >= room) return false; /* what was queued before stays whole */
  link->out_length += (size_t)length;
  link->out[link->out_length++] = '\n';
  return link_flush(link);
}

bool link_flush(struct link *link) {
  while (link->out_length > 0) {
    ssize_t sent = send(link->fd, link->out, link->out_length, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    link->out_length -= (size_t)sent;
    memmove(link->out, link->out + sent, link->out_length);
  }
  return true;
}

bool link_read(struct link *link, void (*line)(const char *text, size_t length)) {
  size_t room = LINK_MESSAGE_BYTES + 1 - link->in_length;
  ssize_t got = recv(link->fd, link->in + link->in_length, room, 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  link->in_length += (size_t)got;
  char *start = link->in, *end = link->in + link->in_length, *feed;
  int fd = link->fd;
  while ((feed = memchr(start, '\n', (size_t)(end - start))) != NULL) {
    line(start, (size_t)(feed - start));
    if (link->fd != fd) return true; /* the line made us hang up */
    start = feed + 1;
  }
  link->in_length = (size_t)(end - start);
  memmove(link->in, start, link->in_length);
  return link->in_length <= LINK_MESSAGE_BYTES;
}

int link_connect(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return -1;
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}
