/* What Linux offers and `import Glibc` does not show: descriptors for processes and events, signals, and the
 * service manager's notifications. Every function returns -1 and sets errno unless it says otherwise; nothing
 * here keeps state. */
#ifndef RBOT_CPLATFORM_H
#define RBOT_CPLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* ---- processes (process.c) ---- */

/* How a child ended. `pid` is 0 when there was none to report. */
struct rbot_wait {
  pid_t pid;
  bool signalled; /* value is a signal number, else an exit code */
  bool core_dumped;
  int value;
  struct rusage usage; /* of the child and of the descendants that it reaped; zeros when only peeking */
};

int rbot_pidfd_open(pid_t pid);
int rbot_pidfd_signal(int pidfd, int signal);
/* Reaps the child behind a pidfd if it has ended; `keep` leaves its zombie, which pins its pid. */
int rbot_wait_pidfd(int pidfd, bool keep, struct rbot_wait *result);
/* Reaps the child `pid` if it has ended. */
int rbot_wait_pid(pid_t pid, struct rbot_wait *result);

/* Makes this process the parent of every descendant whose own parent ends. */
int rbot_become_subreaper(void);
int rbot_set_parent_death_signal(int signal);
/* Of the calling thread; no program that it executes gets the capability any more. */
int rbot_drop_from_bounding_set(int capability);

struct rbot_spawned {
  pid_t pid;
  int pidfd;
};

/* What the child gets: `descriptors[i]` becomes descriptor i (-1: stays closed; 0 to 2 then read or write
 * /dev/null). The descriptors must be above `count` and close-on-exec. It starts with all signals blocked, and with
 * those ignored that we ignore: rbot-exec resets both. Returns 0 or an errno. */
int rbot_spawn(struct rbot_spawned *spawned, const char *path, char *const argv[], char *const envp[],
               const int *descriptors, int count);

/* A line of /proc/PID/stat: the state, and the numbers after it; field 0 is the parent's pid. The name before them may hold
 * spaces and parentheses, so everything up to the last ')' is skipped. */
enum { RBOT_STAT_FIELDS = 22 };
struct rbot_stat {
  char state;
  uint64_t fields[RBOT_STAT_FIELDS];
};
bool rbot_parse_stat(const char *line, size_t size, struct rbot_stat *stat);
bool rbot_read_stat(pid_t pid, struct rbot_stat *stat);

/* The pids in an open /proc/PID/task/TID/children, from its start; returns how many there are, which may be more than
 * `capacity`. */
ssize_t rbot_read_children(int fd, pid_t *children, size_t capacity);

/* Where the value of a variable begins in an environment as /proc shows it, -1 where it is not there. */
ssize_t rbot_find_variable(const void *environment, size_t size, const char *name);
/* The calling thread's name, at most 15 bytes, as `ps -L` shows it. */
void rbot_name_thread(const char *name);

/* ---- events (events.c): all descriptors are close-on-exec and non-blocking ---- */

enum { RBOT_EVENT_READ = 1, RBOT_EVENT_WRITE = 2, RBOT_EVENT_HANGUP = 4 };

struct rbot_event {
  uint64_t token;
  uint32_t events;
};

int rbot_epoll_create(void);
int rbot_epoll_add(int epoll, int fd, uint64_t token, uint32_t events);
int rbot_epoll_remove(int epoll, int fd);
/* At most 64 events at once; `timeout_ms` of -1 waits for ever. Returns their number, 0 if interrupted. */
int rbot_epoll_wait(int epoll, struct rbot_event *events, int capacity, int timeout_ms);

int rbot_eventfd(void);
void rbot_eventfd_signal(int fd);
void rbot_eventfd_clear(int fd);

/* Blocking: each signal lets one waiter pass. */
int rbot_semaphore(void);
void rbot_semaphore_wait(int fd);

int rbot_timerfd(void);
/* One shot, on the monotonic clock; 0 disarms. */
int rbot_timerfd_set(int fd, uint64_t after_ns);

/* The same on the clock of the day, at a moment in nanoseconds since 1970; 0 disarms. It also wakes who waits when that
 * clock is set or the machine was suspended. -1 with ECANCELED: the clock has been set since the last look; the timer
 * is armed all the same. */
int rbot_walltimer(void);
int rbot_walltimer_set(int fd, int64_t at_ns);
/* What it has to say, once each. */
enum rbot_walltimer_state { RBOT_WALLTIMER_NOTHING, RBOT_WALLTIMER_DUE, RBOT_WALLTIMER_CLOCK_SET };
enum rbot_walltimer_state rbot_walltimer_take(int fd);

/* ---- signals (signals.c) ---- */

/* Blocks the signals in the calling thread and in those that it starts later. */
int rbot_block_signals(const int *signals, int count);
/* The opposite: the calling thread is one that takes them. */
int rbot_take_signals(const int *signals, int count);
/* From now on each of these signals, in whatever thread it lands, is remembered and wakes the eventfd. A
 * signalfd would miss those that land in a thread that does not block them, and libdispatch parks the main
 * thread of a Swift program in exactly such a state. One eventfd per process: the last one wins. */
int rbot_catch_signals(const int *signals, int count, int eventfd);
/* True once for each signal that was caught since the last call. */
bool rbot_take_pending(int signal);
int rbot_ignore_signal(int signal);

/* ---- sockets and files (descriptors.c) ---- */

int rbot_peer_credentials(int fd, pid_t *pid, uid_t *uid, gid_t *gid);
/* AF_INET, say. */
int rbot_socket_family(int fd);
/* A lock of one byte of the open file (not of the process): exclusive, or shared; -1 and EWOULDBLOCK where another
 * open file holds it otherwise. */
int rbot_try_lock(int fd, int byte, bool exclusive);
int rbot_unlock(int fd, int byte);
/* The same file opened again, for reading: what its holder does to it does not concern ours. */
int rbot_reopen(int fd);
int rbot_pipe(int fds[2]);
int rbot_socketpair(int fds[2]);
int rbot_set_nonblocking(int fd, bool nonblocking);
/* A close-on-exec copy whose number is at least `minimum`. */
int rbot_duplicate_above(int fd, int minimum);
int rbot_open_null(void);
int rbot_random(void *bytes, size_t count);

/* Takes in what has come over a Unix socket, without waiting. Descriptors that came with it, close-on-exec, go to
 * `fds`, of which there are `*fd_count` then; those beyond `fd_max` are closed. */
ssize_t rbot_receive(int fd, void *bytes, size_t size, int *fds, int fd_max, int *fd_count);
/* Sends all of it over a Unix socket without waiting, and a descriptor along with it unless that is -1. 0, or -1 where
 * not all of it went: then the other end has got who knows what. */
int rbot_send_whole(int fd, const void *bytes, size_t size, int passed);
/* Connects a socket to a path and gives up after `timeout_ms` whatever the socket's own settings are: EAGAIN, as
 * when its own timeout has passed. Returns 0 or an errno. Not for a thread that takes signals. */
int rbot_connect_unix(int fd, const char *path, int timeout_ms);
/* The same for any address; EINTR where it gave up, and then it may go on in the background. */
int rbot_connect_within(int fd, const void *address, size_t length, int timeout_ms);

/* ---- what all sandboxes may read (landlock.c) ---- */

/* A file or folder that is held open as a mere reference, and which it was. */
struct rbot_place {
  int fd;
  bool is_folder;
  bool is_writable; /* a device, never a folder */
  uint64_t device, inode;
};

/* The kernel's version of Landlock, 0 where it has none; at most the one that rbot-exec knows. */
int rbot_landlock_abi(void);
int rbot_open_shared_place(const char *path, struct rbot_place *place);
/* Whether the path still leads there. */
bool rbot_is_same_place(const char *path, const struct rbot_place *place);
/* A ruleset in which these places may be read and executed, close-on-exec; rbot-exec adds a worker's own to it. Waits
 * for no file system. */
int rbot_begin_ruleset(int abi, bool network, const struct rbot_place *places, size_t count);

/* ---- what a sandbox reports: seccomp's notifications (notify.c, calls.c) ---- */

struct rbot_notification {
  uint64_t id;
  pid_t task; /* the thread that waits for an answer; 0: we cannot see it */
  int number; /* of the call on this machine */
  uint64_t arguments[6];
};

enum rbot_call {
  RBOT_CALL_OTHER,
  RBOT_CALL_SOCKET,
  RBOT_CALL_CONNECT,
  RBOT_CALL_KILL,           /* a process, a group or everybody */
  RBOT_CALL_SIGNAL_PROCESS, /* the first argument is a process */
  RBOT_CALL_SIGNAL_THREAD,  /* process, thread */
  RBOT_CALL_SIGNAL_TASK,    /* a thread */
  RBOT_CALL_SIGNAL_PIDFD,
  RBOT_CALL_CLONE,
  RBOT_CALL_SCHEDULE,      /* the first argument is a thread */
  RBOT_CALL_PRIORITY,      /* of what kind, of whom */
  RBOT_CALL_DISK_PRIORITY, /* likewise */
  RBOT_CALL_CHMOD,
  RBOT_CALL_FCHMOD,
  RBOT_CALL_FCHMODAT,
  RBOT_CALL_FCHMODAT2,
  RBOT_CALL_UTIMENSAT,
};
/* Newer than some C library's headers. */
enum { RBOT_FCHMODAT2 = 452 };
enum rbot_call rbot_call_kind(int number);
/* NULL for one that no sandbox reports. */
const char *rbot_call_name(int number);

/* Waits for one where there is none. ENOENT: it was taken back. */
int rbot_notify_receive(int listener, struct rbot_notification *notification);
/* The call returns `error` (0: success) and is not carried out. */
int rbot_notify_answer(int listener, uint64_t id, int error);
/* The call is carried out. */
int rbot_notify_continue(int listener, uint64_t id);
/* True while the thread still waits: what was read of it before was its own. */
bool rbot_notify_is_valid(int listener, uint64_t id);
ssize_t rbot_read_memory(pid_t task, uint64_t address, void *bytes, size_t size);
/* A copy, close-on-exec, of a thread's descriptor. EINVAL: this kernel wants its process's pid instead. */
int rbot_take_descriptor(pid_t task, int fd);

/* ---- files of others (files.c) ---- */

/* A descriptor that names a file and opens nothing of it, which takes no permission (O_PATH); -1 and errno. */
int rbot_open_place(const char *path);
/* The same for a path below a folder that no link leads out of. */
int rbot_open_place_beneath(const char *folder, const char *path, bool follow);
/* Both want the file to be our own user's, whatever our privileges are; 0 or an errno. `times` are four numbers:
 * seconds and nanoseconds of access, then of change; NULL: now. */
int rbot_change_mode(int place, mode_t mode);
int rbot_change_times(int place, const int64_t *times);
/* As whom the calling thread, and it alone, opens files from now on; false where that is not permitted. */
bool rbot_set_file_user(uid_t uid, gid_t gid);

/* ---- the service manager (service.c) ---- */

/* 1: told, 0: no service manager listens, negative: -errno. */
int rbot_notify(const char *state);
/* The watchdog's interval in microseconds, 0 if this process has none. */
uint64_t rbot_watchdog_usec(void);
/* How many listening descriptors were passed, starting at 3. */
int rbot_listen_fds(void);
/* True where the service manager marked this cgroup directory as delegated. */
bool rbot_is_delegated(const char *cgroup);

#endif
