/* A stream of lines to one peer: never blocks, never grows without bound. */
#ifndef RBOT_LINK_H
#define RBOT_LINK_H

#include <stdbool.h>
#include <stddef.h>

enum { LINK_MESSAGE_BYTES = 1048576, LINK_OUT_BYTES = 262144 };

struct link {
  int fd;             /* -1 while there is no connection */
  char *in;           /* what has arrived and holds no whole line yet */
  size_t in_length;
  char *out;          /* what the peer has not taken yet */
  size_t out_length;
};

void link_open(struct link *link, int fd); /* takes over a connected socket */
void link_close(struct link *link);

/* Queue one message, printf-style, and send what can be sent. False when the peer takes nothing. */
bool link_send(struct link *link, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool link_flush(struct link *link); /* false when the connection is broken */

/* Read once and give each whole line to `line`. False when the peer hung up or broke the rules. */
bool link_read(struct link *link, void (*line)(const char *text, size_t length));

int link_connect(const char *path); /* a connected Unix socket, or -1 */

#endif
