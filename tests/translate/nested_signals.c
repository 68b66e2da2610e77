/* Handlers interrupted by handlers, masks, order and values of queued signals. */
#include "test.h"
#include <sys/signalfd.h>

static volatile int depth;
static void nested(int s, siginfo_t *i, void *c) {
    (void)i;
    printf("%*senter %d, SIGUSR2 blocked before %d\n", depth, "", s,
           sigismember(&((ucontext_t *)c)->uc_sigmask, SIGUSR2));
    depth += 2;
    if (s == SIGUSR1) raise(SIGUSR2);
    if (s == SIGUSR2 && depth < 6) raise(SIGHUP);
    if (s == SIGHUP && depth < 10) raise(SIGHUP); /* SA_NODEFER: at once */
    depth -= 2;
    printf("%*sleave %d\n", depth, "", s);
}

static void queued(int s, siginfo_t *i, void *c) {
    (void)c;
    printf("real-time +%d value %d code %d mine %d\n", s - SIGRTMIN, i->si_value.sival_int, i->si_code,
           i->si_pid == getpid());
}

int main(void) {
    on_signal(SIGUSR1, nested, 0);
    on_signal(SIGUSR2, nested, 0);
    on_signal(SIGHUP, nested, SA_NODEFER);
    raise(SIGUSR1);
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    for (int n = 0; n < 3; n++) on_signal(SIGRTMIN + n, queued, 0);
    for (int n = 0; n < 9; n++) {
        union sigval value = {.sival_int = n};
        CHECK(sigqueue(getpid(), SIGRTMIN + 2 - n % 3, value) == 0);
    }
    raise(SIGUSR1);
    raise(SIGUSR1); /* merged */
    sigprocmask(SIG_SETMASK, &old, 0);
    on_signal(SIGUSR1, nested, SA_RESETHAND);
    raise(SIGUSR1);
    struct sigaction now;
    sigaction(SIGUSR1, 0, &now);
    printf("reset %d\n", now.sa_handler == SIG_DFL);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGRTMIN + 5);
    sigprocmask(SIG_BLOCK, &one, 0);
    union sigval value = {.sival_int = 77};
    sigqueue(getpid(), SIGRTMIN + 5, value);
    siginfo_t info;
    CHECK(sigwaitinfo(&one, &info) == SIGRTMIN + 5);
    printf("waited for %d\n", info.si_value.sival_int);
    int fd = signalfd(-1, &one, 0);
    sigqueue(getpid(), SIGRTMIN + 5, value);
    struct signalfd_siginfo read_info;
    CHECK(read(fd, &read_info, sizeof read_info) == sizeof read_info);
    printf("read %d\n", read_info.ssi_int);
    return 0;
}
