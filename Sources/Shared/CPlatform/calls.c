#include "CPlatform.h"

#include <sys/syscall.h>

#define CALL(name) {SYS_##name, #name}

/* The calls that a sandbox reports, by name. */
static const struct {
  int number;
  const char *name;
} calls[] = {
    CALL(socket), CALL(socketpair), CALL(connect), CALL(kill), CALL(tkill), CALL(tgkill),
    CALL(rt_sigqueueinfo), CALL(rt_tgsigqueueinfo), CALL(pidfd_send_signal), CALL(clone), CALL(clone3),
    CALL(ptrace), CALL(process_vm_readv), CALL(process_vm_writev), CALL(pidfd_getfd), CALL(kcmp),
    CALL(process_madvise), CALL(mount), CALL(umount2), CALL(pivot_root), CALL(chroot), CALL(move_mount),
    CALL(open_tree), CALL(fsopen), CALL(fsconfig), CALL(fsmount), CALL(fspick), CALL(mount_setattr),
    CALL(unshare), CALL(setns), CALL(init_module), CALL(finit_module), CALL(delete_module), CALL(kexec_load),
    CALL(kexec_file_load), CALL(reboot), CALL(swapon), CALL(swapoff), CALL(acct), CALL(quotactl),
    CALL(quotactl_fd), CALL(bpf), CALL(perf_event_open), CALL(userfaultfd), CALL(fanotify_init),
    CALL(name_to_handle_at), CALL(open_by_handle_at), CALL(keyctl), CALL(add_key), CALL(request_key),
    CALL(syslog), CALL(settimeofday), CALL(clock_settime), CALL(clock_adjtime), CALL(adjtimex),
    CALL(sethostname), CALL(setdomainname), CALL(vhangup), CALL(lookup_dcookie), CALL(personality),
    CALL(prctl), CALL(prlimit64), CALL(fcntl), CALL(ioctl),
    CALL(sched_setscheduler), CALL(sched_setparam), CALL(sched_setattr), CALL(sched_setaffinity),
    CALL(setpriority), CALL(ioprio_set), CALL(shmget), CALL(shmat), CALL(shmctl), CALL(msgget), CALL(msgsnd),
    CALL(msgrcv), CALL(msgctl), CALL(semget), CALL(semop), CALL(semtimedop), CALL(semctl), CALL(mq_open),
    CALL(mq_unlink), CALL(fchmod), CALL(fchmodat), CALL(utimensat), CALL(fchown), CALL(fchownat), CALL(setxattr),
    CALL(lsetxattr), CALL(fsetxattr), CALL(removexattr), CALL(lremovexattr), CALL(fremovexattr),
    /* Newer than some C library's headers. */
    {RBOT_FCHMODAT2, "fchmodat2"}, {463, "setxattrat"}, {466, "removexattrat"}, {467, "open_tree_attr"},
    {469, "file_setattr"},
#ifdef SYS_chmod
    CALL(chmod), CALL(chown), CALL(lchown), CALL(utime), CALL(utimes), CALL(futimesat),
#endif
#ifdef SYS_iopl /* x86 only */
    CALL(fork), CALL(vfork), CALL(iopl), CALL(ioperm), CALL(modify_ldt),
#endif
};

const char *rbot_call_name(int number) {
  for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++)
    if (calls[i].number == number) return calls[i].name;
  return 0;
}
