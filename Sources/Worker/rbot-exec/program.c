#include "program.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low half of an argument is where we say it is");

/* x86_64's x32 calls have this bit; no other number is as high. */
enum { X32_BIT = 0x40000000 };

/* Numbers from `first` up to the next range's all get `verdict`, or the rules of `call`. */
struct range {
  uint32_t first;
  uint32_t verdict;
  const struct call *call;
};

struct writer {
  struct sock_filter *program;
  int count;
};

static void put(struct writer *writer, uint16_t code, uint32_t value, uint8_t yes, uint8_t no) {
  /* One too many is counted and not written; compile_program looks at the count. */
  if (writer->count < PROGRAM_MAX) writer->program[writer->count] = (struct sock_filter){code, yes, no, value};
  writer->count++;
}

static void put_return(struct writer *writer, uint32_t verdict) { put(writer, BPF_RET | BPF_K, verdict, 0, 0); }

static int instructions(const struct test *test) { return test->kind == IS && test->mask != ~0U ? 3 : 2; }

/* Why the low half is enough: every argument that a rule looks at is an int, or is cut to 32 bits by the kernel
 * (clone's flags) before it acts, so the high half changes nothing and must not hide anything. */
static void put_rule(struct writer *writer, const struct rule *rule) {
  int left = 1;
  for (int i = 0; i < rule->test_count; i++) left += instructions(&rule->tests[i]);
  for (int i = 0; i < rule->test_count; i++) {
    const struct test *test = &rule->tests[i];
    left -= instructions(test);
    uint32_t offset = (uint32_t)(offsetof(struct seccomp_data, args) + 8 * test->argument);
    put(writer, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
    if (instructions(test) == 3) put(writer, BPF_ALU | BPF_AND | BPF_K, test->mask, 0, 0);
    put(writer, BPF_JMP | BPF_K | (test->kind == IS ? BPF_JEQ : BPF_JSET), test->value, 0, (uint8_t)left);
  }
  put_return(writer, rule->verdict);
}

static void put_range(struct writer *writer, const struct range *range) {
  if (range->call == NULL) {
    put_return(writer, range->verdict);
    return;
  }
  for (int i = 0; i < range->call->rule_count; i++) put_rule(writer, &range->call->rules[i]);
  put_return(writer, range->call->otherwise);
}

/* A binary search, so that the kernel finds out quickly which numbers are allowed whatever their arguments are: it
 * asks for each when the filter is installed, and never runs the filter for those. A conditional jump reaches 255
 * instructions and its unconditional sister everything. */
static void put_search(struct writer *writer, const struct range *ranges, int count) {
  if (count == 1) {
    put_range(writer, ranges);
    return;
  }
  int middle = count / 2;
  put(writer, BPF_JMP | BPF_JGE | BPF_K, ranges[middle].first, 0, 1);
  int jump = writer->count;
  put(writer, BPF_JMP | BPF_JA, 0, 0, 0);
  put_search(writer, ranges, middle);
  int distance = writer->count - jump - 1;
  if (jump < PROGRAM_MAX) writer->program[jump].k = (uint32_t)distance;
  put_search(writer, ranges + middle, count - middle);
}

static int by_number(const void *one, const void *other) {
  uint32_t a = ((const struct call *)one)->number, b = ((const struct call *)other)->number;
  return (a > b) - (a < b);
}

/* A range that says what the one before it does is no range of its own. */
static void add_range(struct range *ranges, int *count, struct range next) {
  if (*count > 0 && ranges[*count - 1].first == next.first) --*count; /* no number lies between two calls */
  const struct range *last = *count > 0 ? &ranges[*count - 1] : NULL;
  if (last && last->call == NULL && next.call == NULL && last->verdict == next.verdict) return;
  ranges[(*count)++] = next;
}

int compile_program(uint32_t architecture, struct call *calls, int call_count, struct sock_filter *program) {
  static struct range ranges[2 * CALLS_MAX + 2];
  int count = 0;
  if (call_count > CALLS_MAX) return errno = E2BIG, -1;
  qsort(calls, (size_t)call_count, sizeof *calls, by_number);
  add_range(ranges, &count, (struct range){0, SECCOMP_RET_ALLOW, NULL});
  for (int i = 0; i < call_count; i++) {
    const struct call *call = &calls[i];
    struct range range = {call->number, call->otherwise, call->rule_count > 0 ? call : NULL};
    add_range(ranges, &count, range);
    add_range(ranges, &count, (struct range){call->number + 1, SECCOMP_RET_ALLOW, NULL});
  }
  add_range(ranges, &count, (struct range){X32_BIT, SECCOMP_RET_KILL_PROCESS, NULL});
  struct writer writer = {.program = program};
  put(&writer, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
  put(&writer, BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0);
  put_return(&writer, SECCOMP_RET_KILL_PROCESS);
  put(&writer, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
  put_search(&writer, ranges, count);
  return writer.count > PROGRAM_MAX ? (errno = E2BIG, -1) : writer.count;
}
