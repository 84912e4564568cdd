/* Finds values in JSON text without building a tree: enough for messages of a known shape. */
#ifndef RBOT_JSON_H
#define RBOT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value inside a message: a piece of its text, not terminated. `text` is NULL where there is none. */
struct json {
  const char *text;
  size_t length;
};

/* The whole message as a value; absent when it is not one complete JSON value or nests too deep. */
struct json json_parse(const char *text, size_t length);

/* The value of a key of an object; absent when there is none, or `object` is no object. */
struct json json_get(struct json object, const char *key);

/* An element of an array, counted from zero; absent past its end. */
struct json json_at(struct json array, size_t index);

bool json_is(struct json value, const char *text); /* a string that equals text, without escapes */
bool json_true(struct json value);
int64_t json_integer(struct json value, int64_t otherwise);

/* The characters of a string (or the digits of a number), without decoding escapes, cut to fit. */
void json_copy(struct json value, char *into, size_t size);

/* A decimal, in a string or bare, as an integer count of 10^-decimals. False when it is none. */
bool json_decimal(struct json value, int decimals, int64_t *result);

#endif
