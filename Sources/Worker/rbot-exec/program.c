#include "program.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low half of an argument is where we say it is");

/* x86_64's x32 calls have this bit; no other number is as high. */
enum { X32_BIT = 0x40000000 };

enum { RETURNS_MAX = 8 };

/* Numbers from `first` up to the next range's all get `verdict`, or the rules of `call`. */
struct range {
  uint32_t first;
  uint32_t verdict;
  const struct call *call;
};

/* A program is written from its end to its start: jumps go forward only, so where they lead is there already. A
 * place is counted from the end. */
struct writer {
  struct sock_filter code[PROGRAM_MAX];
  int count;
  int returns[RETURNS_MAX]; /* where each verdict's last return is */
  int return_count;
  bool failed;
};

static struct sock_filter *at(struct writer *writer, int place) { return &writer->code[PROGRAM_MAX - place]; }

static int put(struct writer *writer, uint16_t code, uint32_t value) {
  if (writer->count == PROGRAM_MAX) {
    writer->failed = true;
    return writer->count;
  }
  *at(writer, ++writer->count) = (struct sock_filter){.code = code, .k = value};
  return writer->count;
}

/* A conditional jump reaches 255 instructions. */
static int put_jump(struct writer *writer, uint16_t condition, uint32_t value, int yes, int no) {
  int place = put(writer, BPF_JMP | BPF_K | condition, value);
  if (place - 1 - yes > UINT8_MAX || place - 1 - no > UINT8_MAX) writer->failed = true;
  at(writer, place)->jt = (uint8_t)(place - 1 - yes);
  at(writer, place)->jf = (uint8_t)(place - 1 - no);
  return place;
}

/* The same return serves many jumps, until it is too far behind for whatever comes before it next. */
static int put_return(struct writer *writer, uint32_t verdict) {
  enum { NEAR = 128 };
  int i = 0;
  while (i < writer->return_count && at(writer, writer->returns[i])->k != verdict) i++;
  if (i < writer->return_count && writer->count - writer->returns[i] < NEAR) return writer->returns[i];
  if (i == RETURNS_MAX) return put(writer, BPF_RET | BPF_K, verdict);
  if (i == writer->return_count) writer->return_count++;
  return writer->returns[i] = put(writer, BPF_RET | BPF_K, verdict);
}

/* Why the low half is enough: every argument that a rule looks at is an int, or is cut to 32 bits by the kernel
 * (clone's flags) before it acts, so the high half changes nothing and must not hide anything. */
static int put_test(struct writer *writer, const struct test *test, int yes, int no) {
  put_jump(writer, test->kind == IS ? BPF_JEQ : BPF_JSET, test->value, yes, no);
  if (test->kind == IS && test->mask != ~0U) put(writer, BPF_ALU | BPF_AND | BPF_K, test->mask);
  uint32_t offset = (uint32_t)(offsetof(struct seccomp_data, args) + 8 * test->argument);
  return put(writer, BPF_LD | BPF_W | BPF_ABS, offset);
}

static int put_call(struct writer *writer, const struct call *call) {
  int next = put_return(writer, call->otherwise);
  for (int i = call->rule_count - 1; i >= 0; i--) {
    const struct rule *rule = &call->rules[i];
    int yes = put_return(writer, rule->verdict);
    for (int j = rule->test_count - 1; j >= 0; j--) yes = put_test(writer, &rule->tests[j], yes, next);
    next = yes;
  }
  return next;
}

/* A binary search, so that the kernel finds out quickly which numbers are allowed whatever their arguments are: it
 * asks for each when the filter is installed, and never runs the filter for those. */
static int put_search(struct writer *writer, const struct range *ranges, int count) {
  if (count == 1) return ranges->call ? put_call(writer, ranges->call) : put_return(writer, ranges->verdict);
  int middle = count / 2;
  int above = put_search(writer, ranges + middle, count - middle);
  int below = put_search(writer, ranges, middle);
  return put_jump(writer, BPF_JGE, ranges[middle].first, above, below);
}

/* Not qsort, which allocates and asks the system how much memory there is. */
static void sort(struct call *calls, int count) {
  for (int i = 1; i < count; i++) {
    struct call call = calls[i];
    int place = i;
    for (; place > 0 && calls[place - 1].number > call.number; place--) calls[place] = calls[place - 1];
    calls[place] = call;
  }
}

/* A range that says what the one before it does is no range of its own. */
static void add_range(struct range *ranges, int *count, struct range next) {
  if (*count > 0 && ranges[*count - 1].first == next.first) --*count; /* no number lies between two calls */
  const struct range *last = *count > 0 ? &ranges[*count - 1] : NULL;
  if (last && last->call == NULL && next.call == NULL && last->verdict == next.verdict) return;
  ranges[(*count)++] = next;
}

static int find_ranges(struct call *calls, int call_count, struct range *ranges) {
  int count = 0;
  sort(calls, call_count);
  add_range(ranges, &count, (struct range){0, SECCOMP_RET_ALLOW, NULL});
  for (int i = 0; i < call_count; i++) {
    const struct call *call = &calls[i];
    add_range(ranges, &count, (struct range){call->number, call->otherwise, call->rule_count > 0 ? call : NULL});
    add_range(ranges, &count, (struct range){call->number + 1, SECCOMP_RET_ALLOW, NULL});
  }
  add_range(ranges, &count, (struct range){CALL_UNKNOWN, SECCOMP_RET_ERRNO | ENOSYS, NULL});
  add_range(ranges, &count, (struct range){X32_BIT, SECCOMP_RET_KILL_PROCESS, NULL});
  return count;
}

struct sock_fprog compile_program(uint32_t architecture, struct call *calls, int call_count) {
  static struct range ranges[2 * CALLS_MAX + 3];
  static struct writer writer;
  writer.count = writer.return_count = 0;
  writer.failed = call_count > CALLS_MAX;
  if (!writer.failed) {
    put_search(&writer, ranges, find_ranges(calls, call_count, ranges));
    int start = put(&writer, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    int kill = put_return(&writer, SECCOMP_RET_KILL_PROCESS);
    put_jump(&writer, BPF_JEQ, architecture, start, kill);
    put(&writer, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
  }
  if (writer.failed) return (struct sock_fprog){.len = 0};
  return (struct sock_fprog){.len = (unsigned short)writer.count, .filter = at(&writer, writer.count)};
}
