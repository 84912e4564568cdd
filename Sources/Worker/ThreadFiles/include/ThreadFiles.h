/* Lets libdispatch see a confined program's own threads; linking it is all that there is to do. See open.c. */
#ifndef RBOT_THREAD_FILES_H
#define RBOT_THREAD_FILES_H
#endif
