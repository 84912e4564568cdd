/* A launcher that waits to be told what to become. Making a process and loading this program take about as long as all
 * layers of a sandbox, so a supervisor may have one of us ready before anybody needs it:
 *
 *   rbot-exec --parent PID --await FD
 *
 * Over FD, the report's socket, come three numbers of 32 bits (how many bytes follow, and how many words and variables
 * are in them), and then the words and the variables, each with a zero behind it. The words are what the arguments would
 * have been, the first of them our name; the variables are the command's environment. A descriptor that comes along is
 * the supervisor's lock, and becomes AWAITED_LOCK. */
#ifndef RBOT_EXEC_AWAIT_H
#define RBOT_EXEC_AWAIT_H

enum { AWAITED_BYTES_MAX = 64 << 10, AWAITED_WORDS_MAX = 1024, AWAITED_LOCK = 5 };

/* The number of words, 0 where nobody needs us any more, -1 where what came makes no sense. The environment is the
 * one that came from then on. */
int await_words(int fd, char ***words);

#endif
