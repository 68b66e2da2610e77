/* A program that confines itself: some calls fail, one is signalled, one kills. */
#include "test.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#define ON(call, action) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), BPF_STMT(BPF_RET | BPF_K, action)

static int trapped;
static void on_trap(int s, siginfo_t *info, void *context) {
    (void)s;
    trapped += info->si_code == 1 /* SYS_SECCOMP */ && info->si_syscall == SYS_getppid &&
               info->si_call_addr == (void *)REG(context, RIP);
    REG(context, RAX) = 1234;
}
static void *thread(void *unused) {
    errno = 0;
    CHECK(getpriority(PRIO_PROCESS, 0) == -1 && errno == 77);
    return unused;
}

int main(int count, char **args) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ON(SYS_getpriority, SECCOMP_RET_ERRNO | 77),
        ON(SYS_getppid, SECCOMP_RET_TRAP),
        ON(SYS_getpgrp, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof code / sizeof code[0], code};
    on_signal(SIGSYS, on_trap, 0);
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    if (count > 1)
        CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0);
    else
        CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
    pthread_t other;
    CHECK(pthread_create(&other, 0, thread, 0) == 0);
    pthread_join(other, 0);
    for (int i = 0; i < 5; i++) CHECK(syscall(SYS_getppid) == 1234);
    unsigned char *page = pages(4096, PROT_READ | PROT_WRITE | PROT_EXEC); /* calls that the tracer follows */
    put_return(page, 5);
    printf("%d %d\n", trapped, call(page));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/echo", "echo", "executed", (char *)0);
        _exit(9);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    printf("%d\n", status);
    fflush(stdout);
    getpgrp();
    printf("not reached\n");
    return 0;
}
