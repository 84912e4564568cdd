/* What this program has in place of a C library: its headers are used, its code is not. A C library asks the
 * processor what it can do before main runs, some sixty times, and on a virtual machine each answer is the
 * host's to give: 3 microseconds apiece, twice what all layers of a sandbox take together. So there is an entry point
 * of our own, the handful of functions that the stages call under their usual names, and no stdio. */
#ifndef RBOT_EXEC_BARE_H
#define RBOT_EXEC_BARE_H

#include <stdbool.h>
#include <stddef.h>

/* A text that is put together piece by piece and cut where it is full; always ends with a zero. */
struct text {
  char *bytes;
  size_t size, length;
};

#define TEXT(array) ((struct text){.bytes = (array), .size = sizeof(array)})

void add_text(struct text *text, const char *more);
void add_number(struct text *text, unsigned long long number);

/* Writes the pieces up to a null pointer to standard error. */
void say(const char *first, ...);

/* From now on this is what the command finds its environment to be; ends with a null pointer. */
void use_environment(char **variables);

/* An errno as it may stand in a sentence: "errno 13". Valid until the next call. */
const char *reason_text(int reason);

#endif
