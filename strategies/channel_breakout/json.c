#include "json.h"

#include <string.h>

enum { NESTING = 64 };

struct cursor {
  const char *at, *end;
};

static void skip_space(struct cursor *c) {
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\r' || *c->at == '\n')) c->at++;
}

static bool take(struct cursor *c, char wanted) {
  skip_space(c);
  if (c->at == c->end || *c->at != wanted) return false;
  c->at++;
  return true;
}

static bool skip_string(struct cursor *c) {
  if (!take(c, '"')) return false;
  while (c->at < c->end) {
    char letter = *c->at++;
    if (letter == '"') return true;
    if ((unsigned char)letter < 0x20) return false;
    if (letter == '\\') {
      if (c->at == c->end) return false;
      c->at++;
    }
  }
  return false;
}

static bool skip_word(struct cursor *c) {
  const char *start = c->at;
  while (c->at < c->end && (strchr("+-.", *c->at) != NULL || (*c->at >= '0' && *c->at <= '9') ||
                            (*c->at >= 'a' && *c->at <= 'z') || *c->at == 'E')) {
    if (*c->at == '\0') return false;
    c->at++;
  }
  return c->at > start;
}

static bool skip_value(struct cursor *c, int depth) {
  skip_space(c);
  if (c->at == c->end) return false;
  char first = *c->at;
  if (first == '"') return skip_string(c);
  if (first != '{' && first != '[') return skip_word(c);
  if (depth >= NESTING) return false;
  char last = first == '{' ? '}' : ']';
  c->at++;
  if (take(c, last)) return true;
  do {
    if (first == '{' && (skip_space(c), !skip_string(c) || !take(c, ':'))) return false;
    if (!skip_value(c, depth + 1)) return false;
  } while (take(c, ','));
  return take(c, last);
}

static struct json value_at(struct cursor *c) {
  struct json none = {NULL, 0};
  skip_space(c);
  const char *start = c->at;
  if (!skip_value(c, 0)) return none;
  return (struct json){start, (size_t)(c->at - start)};
}

struct json json_parse(const char *text, size_t length) {
  struct cursor c = {text, text + length};
  struct json whole = value_at(&c);
  skip_space(&c);
  return c.at == c.end ? whole : (struct json){NULL, 0};
}

struct json json_get(struct json object, const char *key) {
  struct json none = {NULL, 0};
  if (object.text == NULL || object.text[0] != '{') return none;
  struct cursor c = {object.text + 1, object.text + object.length};
  do {
    struct json name = value_at(&c);
    if (name.text == NULL || !take(&c, ':')) return none;
    struct json value = value_at(&c);
    if (value.text == NULL) return none;
    if (json_is(name, key)) return value;
  } while (take(&c, ','));
  return none;
}

struct json json_at(struct json array, size_t index) {
  struct json none = {NULL, 0};
  if (array.text == NULL || array.text[0] != '[') return none;
  struct cursor c = {array.text + 1, array.text + array.length};
  do {
    struct json value = value_at(&c);
    if (value.text == NULL || value.text[0] == ']') return none;
    if (index-- == 0) return value;
  } while (take(&c, ','));
  return none;
}

bool json_is(struct json value, const char *text) {
  size_t length = strlen(text);
  return value.text != NULL && value.length == length + 2 && value.text[0] == '"' &&
         memcmp(value.text + 1, text, length) == 0;
}

bool json_true(struct json value) {
  return value.text != NULL && value.length == 4 && memcmp(value.text, "true", 4) == 0;
}

int64_t json_integer(struct json value, int64_t otherwise) {
  int64_t number;
  return json_decimal(value, 0, &number) ? number : otherwise;
}

void json_copy(struct json value, char *into, size_t size) {
  if (value.text != NULL && value.length >= 2 && value.text[0] == '"') {
    value.text++;
    value.length -= 2;
  }
  size_t length = value.text == NULL ? 0 : value.length < size - 1 ? value.length : size - 1;
  if (length > 0) memcpy(into, value.text, length);
  into[length] = '\0';
}

bool json_decimal(struct json value, int decimals, int64_t *result) {
  char digits[48];
  json_copy(value, digits, sizeof digits);
  const char *at = digits;
  bool negative = *at == '-';
  if (negative) at++;
  if (*at < '0' || *at > '9') return false;
  int64_t number = 0;
  int behind = -1; /* digits behind the point so far; -1 before it */
  for (; *at != '\0'; at++) {
    if (*at == '.' && behind < 0) {
      behind = 0;
    } else if (*at < '0' || *at > '9') {
      return false;
    } else if (behind < decimals) { /* finer digits than asked for are cut */
      if (number > (INT64_MAX - 9) / 10) return false;
      number = number * 10 + (*at - '0');
      if (behind >= 0) behind++;
    }
  }
  for (int i = behind < 0 ? 0 : behind; i < decimals; i++) {
    if (number > INT64_MAX / 10) return false;
    number *= 10;
  }
  *result = negative ? -number : number;
  return true;
}
