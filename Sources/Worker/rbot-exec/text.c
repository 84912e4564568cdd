#include "bare.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

/* The compiler knows what these loops do and would call the functions that they are. */
#define NO_IDIOM __asm__ volatile("" ::: "memory")

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  for (size_t i = 0; i < count; i++) {
    ((char *)to)[i] = ((const char *)from)[i];
    NO_IDIOM;
  }
  return to;
}

void *memmove(void *to, const void *from, size_t count) {
  if ((char *)to < (const char *)from) return memcpy(to, from, count);
  while (count-- > 0) {
    ((char *)to)[count] = ((const char *)from)[count];
    NO_IDIOM;
  }
  return to;
}

void *memset(void *to, int byte, size_t count) {
  for (size_t i = 0; i < count; i++) {
    ((char *)to)[i] = (char)byte;
    NO_IDIOM;
  }
  return to;
}

int memcmp(const void *one, const void *other, size_t count) {
  const unsigned char *a = one, *b = other;
  for (size_t i = 0; i < count; i++)
    if (a[i] != b[i]) return a[i] - b[i];
  return 0;
}

size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length] != '\0') {
    length++;
    NO_IDIOM;
  }
  return length;
}

int strncmp(const char *one, const char *other, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (one[i] != other[i]) return (unsigned char)one[i] - (unsigned char)other[i];
    if (one[i] == '\0') break;
  }
  return 0;
}

int strcmp(const char *one, const char *other) {
  while (*one != '\0' && *one == *other) one++, other++;
  return (unsigned char)*one - (unsigned char)*other;
}

char *strchr(const char *text, int byte) {
  for (;; text++) {
    if (*text == (char)byte) return (char *)text;
    if (*text == '\0') return NULL;
  }
}

void add_text(struct text *text, const char *more) {
  while (*more != '\0' && text->length + 1 < text->size) text->bytes[text->length++] = *more++;
  text->bytes[text->length] = '\0';
}

void add_number(struct text *text, unsigned long long number) {
  char digits[24];
  size_t at = sizeof digits - 1;
  digits[at] = '\0';
  do {
    digits[--at] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  add_text(text, digits + at);
}

const char *reason_text(int reason) {
  static char bytes[24];
  struct text text = TEXT(bytes);
  add_text(&text, "errno ");
  add_number(&text, (unsigned)reason);
  return bytes;
}

void say(const char *first, ...) {
  char bytes[1024];
  struct text text = TEXT(bytes);
  va_list list;
  va_start(list, first);
  for (const char *one = first; one != NULL; one = va_arg(list, const char *)) add_text(&text, one);
  va_end(list);
  add_text(&text, "\n");
  if (write(STDERR_FILENO, bytes, text.length) < 0) return; /* nobody reads it: the exit status has to do */
}
