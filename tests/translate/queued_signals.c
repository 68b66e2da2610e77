/* Real-time signals that are queued, in their order and with their values, however they are taken. */
#include "test.h"
#include <sys/signalfd.h>

static int order[64], count;
static void handler(int s, siginfo_t *i, void *c) {
    (void)s; (void)c;
    CHECK(i->si_pid == getpid() && i->si_code == SI_QUEUE);
    order[count++] = i->si_value.sival_int;
}

int main(void) {
    sigset_t two, before;
    sigemptyset(&two);
    sigaddset(&two, SIGRTMIN + 1);
    sigaddset(&two, SIGRTMIN + 2);
    sigprocmask(SIG_BLOCK, &two, &before);
    on_signal(SIGRTMIN + 1, handler, 0);
    on_signal(SIGRTMIN + 2, handler, 0);
    for (int i = 0; i < 20; i++) {
        union sigval value = {.sival_int = i};
        CHECK(sigqueue(getpid(), SIGRTMIN + 1 + (i & 1), value) == 0);
    }
    sigprocmask(SIG_SETMASK, &before, 0);
    for (int i = 0; i < count; i++) printf("%d ", order[i]);
    sigprocmask(SIG_BLOCK, &two, 0);
    union sigval value = {.sival_int = 77};
    siginfo_t info;
    CHECK(sigqueue(getpid(), SIGRTMIN + 1, value) == 0 && sigwaitinfo(&two, &info) == SIGRTMIN + 1);
    printf("%d\n", info.si_value.sival_int);
    int file = signalfd(-1, &two, 0);
    struct signalfd_siginfo read_info;
    CHECK(sigqueue(getpid(), SIGRTMIN + 2, value) == 0);
    CHECK(read(file, &read_info, sizeof read_info) == sizeof read_info);
    printf("%d %d\n", read_info.ssi_signo == (unsigned)SIGRTMIN + 2, read_info.ssi_int);
    pid_t child = fork();
    if (child == 0) {
        usleep(20000);
        sigqueue(getppid(), SIGRTMIN + 1, value);
        _exit(0);
    }
    CHECK(sigwaitinfo(&two, &info) == SIGRTMIN + 1 && info.si_pid == child);
    CHECK(waitpid(child, 0, 0) == child);
    puts("end");
    return 0;
}
