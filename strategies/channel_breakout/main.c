/* Channel breakout, in C and on the wire protocol alone: no SDK, no library.
 *
 * Buys when the price leaves the channel of the last quotes upwards, sells when downwards; each entry
 * carries a stop loss and a take profit, and at most one position is held. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "link.h"

enum { CHANNEL_LONGEST = 1000, REST_QUOTES = 20, ID_HELLO = 1, ID_POSITIONS, ID_SUBSCRIBE, ID_ORDERS };

static struct link supervisor = {.fd = -1}, gateway = {.fd = -1};
static volatile sig_atomic_t terminated;

/* What the supervisor said in its hello. */
static char strategy[64] = "channel-breakout", wanted[32] = "USD_JPY", units[32] = "1000";
static int64_t generation, heartbeat_ms = 5000, length = 30;

/* The market. Prices are counts of the instrument's smallest step. */
static char instrument[32];
static int price_decimals;
static int64_t prices[CHANNEL_LONGEST], seen, rest_until;
static bool held, paused, acknowledge, ready, greeted, subscribed;

/* The order that is on its way, if any: sent again, with the same id, if the connection breaks. */
static char order[512];
static int64_t order_id, orders_made, unacknowledged;

static uint64_t progress;
static int64_t backoff_ms = 50, connect_at, beat_at;

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void on_sigterm(int number) {
  (void)number;
  terminated = 1;
}

/* `text` must need no escapes. A line that the supervisor does not take in time is lost. */
static void say(const char *level, const char *text) {
  link_send(&supervisor, "{\"jsonrpc\":\"2.0\",\"method\":\"log\",\"params\":{\"level\":\"%s\",\"message\":\"%s\"}}",
            level, text);
}

static void hang_up(const char *why) {
  if (greeted) say("warning", why);
  link_close(&gateway);
  greeted = subscribed = false;
  unacknowledged = 0;
  connect_at = now_ms() + backoff_ms;
  backoff_ms = backoff_ms * 2 > 1000 ? 1000 : backoff_ms * 2;
}

static void finish(void) {
  say("info", "stopping");
  for (int i = 0; i < 50 && supervisor.out_length > 0 && link_flush(&supervisor); i++) usleep(10000);
  exit(0);
}

static void connect_gateway(void) {
  const char *path = getenv("RBOT_GATEWAY_SOCKET"), *token = getenv("RBOT_TOKEN");
  int fd = link_connect(path == NULL ? "" : path);
  if (fd < 0) {
    hang_up("cannot reach the gateway");
    return;
  }
  link_open(&gateway, fd);
  link_send(&gateway,
            "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"hello\",\"params\":{\"protocol\":[1,1],"
            "\"token\":\"%s\",\"sdk\":\"channel-breakout/1\",\"pid\":%d}}",
            ID_HELLO, token == NULL ? "" : token, (int)getpid());
}

/* A price as decimal text. */
static const char *price_text(int64_t price, char *into, size_t size) {
  int64_t scale = 1;
  for (int i = 0; i < price_decimals; i++) scale *= 10;
  if (price_decimals == 0) snprintf(into, size, "%" PRId64, price);
  else snprintf(into, size, "%" PRId64 ".%0*" PRId64, price / scale, price_decimals, price % scale);
  return into;
}

static void send_order(void) {
  if (!link_send(&gateway, "{\"jsonrpc\":\"2.0\",\"id\":%" PRId64 ",\"method\":\"order.place\",\"params\":%s}",
                 order_id, order))
    hang_up("the gateway takes no orders");
}

static void enter(bool buy, int64_t bid, int64_t ask, int64_t width) {
  int64_t entry = buy ? ask : bid, risk = width / 2 + (ask - bid) + 1;
  int64_t stop = buy ? entry - risk : entry + risk, target = buy ? entry + 3 * risk / 2 : entry - 3 * risk / 2;
  if (stop <= 0 || target <= 0) return;
  char stop_text[32], target_text[32], text[160];
  orders_made++;
  snprintf(order, sizeof order,
           "{\"client_order_id\":\"%.40s-%" PRId64 "-%" PRId64 "\",\"instrument\":\"%s\",\"side\":\"%s\","
           "\"type\":\"market\",\"units\":\"%s\",\"stop_loss\":\"%s\",\"take_profit\":\"%s\",\"tag\":\"breakout\"}",
           strategy, generation, orders_made, instrument, buy ? "buy" : "sell", units,
           price_text(stop, stop_text, sizeof stop_text), price_text(target, target_text, sizeof target_text));
  order_id = ID_ORDERS + orders_made;
  snprintf(text, sizeof text, "%s %s %s, stop %s, target %s", buy ? "buy" : "sell", units, instrument,
           stop_text, target_text);
  say("info", text);
  send_order();
}

static void decide(int64_t bid, int64_t ask) {
  int64_t mid = (bid + ask) / 2, low = INT64_MAX, high = INT64_MIN;
  for (int64_t i = 0; i < length && seen >= length; i++) {
    if (prices[i] < low) low = prices[i];
    if (prices[i] > high) high = prices[i];
  }
  prices[seen++ % length] = mid;
  if (seen <= length || held || paused || order_id != 0 || seen < rest_until) return;
  if (mid > high || mid < low) enter(mid > high, bid, ask, high - low + 1);
}

static void acknowledge_quote(void) {
  /* Not before the order that this quote caused was answered. */
  if (unacknowledged == 0 || order_id != 0) return;
  link_send(&gateway, "{\"jsonrpc\":\"2.0\",\"method\":\"quotes.ack\",\"params\":{\"seq\":%" PRId64 "}}",
            unacknowledged);
  unacknowledged = 0;
}

static void choose_instrument(struct json list) {
  struct json chosen = json_at(list, 0), one;
  for (size_t i = 0; (one = json_at(list, i)).text != NULL; i++)
    if (json_is(json_get(one, "name"), wanted)) chosen = one;
  json_copy(json_get(chosen, "name"), instrument, sizeof instrument);
  price_decimals = (int)json_integer(json_get(chosen, "price_decimals"), 5);
  if (price_decimals < 0 || price_decimals > 9) price_decimals = 5;
  /* Of what is counted in fractions, a thousand would be far too many. */
  if (strcmp(instrument, wanted) != 0)
    strcpy(units, json_integer(json_get(chosen, "units_decimals"), 0) > 0 ? "0.01" : "1000");
}

static void gateway_reply(int64_t id, struct json message) {
  struct json result = json_get(message, "result"), error = json_get(message, "error");
  if (id == order_id && order_id != 0) {
    order_id = 0;
    rest_until = seen + REST_QUOTES;
    if (error.text != NULL) {
      char reason[64], text[128];
      json_copy(json_get(json_get(error, "data"), "reason"), reason, sizeof reason);
      if (strpbrk(reason, "\\\"") != NULL) reason[0] = '\0';
      snprintf(text, sizeof text, "order refused: %s", reason);
      if (strcmp(reason, "trading_paused") == 0) paused = true; /* said once; resume clears it */
      say("warning", text);
    }
    acknowledge_quote();
  } else if (error.text != NULL) {
    hang_up("the gateway refused");
  } else if (id == ID_HELLO) {
    greeted = true;
    choose_instrument(json_get(result, "instruments"));
    paused = json_true(json_get(json_get(result, "trading"), "paused"));
    if (instrument[0] == '\0') {
      say("error", "the feed has no instruments");
      hang_up("nothing to trade");
      return;
    }
    link_send(&gateway, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"positions\",\"params\":{}}", ID_POSITIONS);
  } else if (id == ID_POSITIONS) {
    struct json list = json_get(result, "positions"), one;
    held = false;
    for (size_t i = 0; (one = json_at(list, i)).text != NULL; i++) {
      int64_t size;
      if (json_is(json_get(one, "instrument"), instrument) && json_decimal(json_get(one, "units"), 8, &size))
        held = held || size != 0;
    }
    if (order_id != 0) send_order();
    link_send(&gateway,
              "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"quotes.subscribe\","
              "\"params\":{\"instruments\":[\"%s\"]}}",
              ID_SUBSCRIBE, instrument);
  } else if (id == ID_SUBSCRIBE) {
    acknowledge = json_true(json_get(result, "ack"));
    subscribed = true;
    backoff_ms = 50;
    if (!ready) link_send(&supervisor, "{\"jsonrpc\":\"2.0\",\"method\":\"ready\",\"params\":{}}");
    ready = true;
  }
}

static void gateway_line(const char *text, size_t size) {
  struct json message = json_parse(text, size);
  if (message.text == NULL || message.text[0] != '{') {
    hang_up("the gateway sent garbage");
    return;
  }
  struct json method = json_get(message, "method"), params = json_get(message, "params");
  if (method.text == NULL) {
    gateway_reply(json_integer(json_get(message, "id"), 0), message);
  } else if (json_is(method, "quote")) {
    int64_t bid, ask;
    if (acknowledge) unacknowledged = json_integer(json_get(params, "seq"), 0);
    if (json_is(json_get(params, "instrument"), instrument) &&
        json_decimal(json_get(params, "bid"), price_decimals, &bid) &&
        json_decimal(json_get(params, "ask"), price_decimals, &ask))
      decide(bid, ask);
    acknowledge_quote();
  } else if (json_is(method, "fill")) {
    held = json_is(json_get(json_get(params, "fill"), "role"), "entry");
    if (!held) rest_until = seen + REST_QUOTES;
  } else if (json_is(method, "trading")) {
    paused = json_true(json_get(params, "paused"));
  }
}

static void supervisor_line(const char *text, size_t size) {
  struct json message = json_parse(text, size), method = json_get(message, "method");
  struct json result = json_get(message, "result"), params = json_get(result, "params");
  if (message.text == NULL) exit(1);
  if (result.text != NULL) {
    json_copy(json_get(result, "strategy"), strategy, sizeof strategy);
    generation = json_integer(json_get(result, "generation"), 0);
    heartbeat_ms = json_integer(json_get(result, "heartbeat_ms"), 5000);
    if (heartbeat_ms < 20) heartbeat_ms = 20;
    length = json_integer(json_get(params, "length"), 30);
    if (length < 2 || length > CHANNEL_LONGEST) length = 30;
    if (json_get(params, "instrument").text != NULL)
      json_copy(json_get(params, "instrument"), wanted, sizeof wanted);
    if (json_get(params, "units").text != NULL) json_copy(json_get(params, "units"), units, sizeof units);
    connect_at = beat_at = now_ms(); /* the first beat was made at the default interval */
  } else if (json_is(method, "stop")) {
    finish();
  } else if (json_is(method, "resume")) {
    paused = false;
  } else if (json_is(method, "pause")) {
    paused = true;
  }
}

int main(void) {
  const char *fd = getenv("RBOT_SUPERVISOR_FD");
  if (fd == NULL) {
    fprintf(stderr, "RBOT_SUPERVISOR_FD is not set: start this strategy with rbotctl start\n");
    return 2;
  }
  struct sigaction action = {.sa_handler = on_sigterm};
  sigaction(SIGTERM, &action, NULL);
  sigset_t blocked, open_set;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  /* Blocked but while waiting, so that a signal between the look and the wait is not missed. */
  sigprocmask(SIG_BLOCK, &blocked, &open_set);
  sigdelset(&open_set, SIGTERM);

  link_open(&supervisor, atoi(fd));
  link_send(&supervisor,
            "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"hello\",\"params\":{\"protocol\":[1,1],"
            "\"sdk\":\"channel-breakout/1\",\"pid\":%d}}",
            ID_HELLO, (int)getpid());
  connect_at = INT64_MAX; /* not before the supervisor has answered */
  beat_at = now_ms();
  for (;;) {
    if (terminated) finish();
    int64_t now = now_ms();
    if (now >= beat_at) {
      link_send(&supervisor,
                "{\"jsonrpc\":\"2.0\",\"method\":\"heartbeat\",\"params\":{\"progress\":%" PRIu64 "}}", progress);
      beat_at = now + heartbeat_ms / 2;
    }
    if (gateway.fd < 0 && now >= connect_at) connect_gateway();
    int64_t until = beat_at;
    if (gateway.fd < 0 && connect_at < until) until = connect_at;
    int64_t wait = until > now ? until - now : 0;
    struct pollfd fds[2] = {{.fd = supervisor.fd, .events = POLLIN}, {.fd = gateway.fd, .events = POLLIN}};
    if (supervisor.out_length > 0) fds[0].events |= POLLOUT;
    if (gateway.fd >= 0 && gateway.out_length > 0) fds[1].events |= POLLOUT;
    struct timespec timeout = {.tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000};
    if (ppoll(fds, 2, &timeout, &open_set) < 0 && errno != EINTR) return 1;
    progress++;
    if (fds[0].revents & POLLOUT) link_flush(&supervisor);
    /* Without a supervisor nobody could stop this process: end it. */
    if (fds[0].revents & (POLLIN | POLLHUP | POLLERR) && !link_read(&supervisor, supervisor_line)) return 1;
    if (gateway.fd >= 0 && fds[1].revents & POLLOUT && !link_flush(&gateway)) hang_up("the gateway is gone");
    if (gateway.fd >= 0 && fds[1].revents & (POLLIN | POLLHUP | POLLERR) && !link_read(&gateway, gateway_line))
      hang_up("the gateway is gone");
  }
}
