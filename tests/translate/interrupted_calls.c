/* Which system calls a signal interrupts, with SA_RESTART and without. */
#include "test.h"
#include <poll.h>
#include <sys/epoll.h>

static volatile int hits;
static void hit(int s, siginfo_t *i, void *c) { (void)s; (void)i; (void)c; hits++; }

static void once(void) {
    hits = 0;
    struct itimerval timer = {.it_value = {0, 100000}};
    setitimer(ITIMER_REAL, &timer, 0);
}

static void show(const char *what, long result) {
    printf("%s: %ld %s, hits %d\n", what, result, result < 0 ? strerror(errno) : "", hits);
}

static pid_t writes_later(int to) {
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) { usleep(400000); CHECK(write(to, "x", 1) == 1); _exit(3); }
    return pid;
}

int main(void) {
    int ends[2], status;
    char byte;
    CHECK(pipe(ends) == 0);
    struct timespec second = {1, 0}, left;
    struct pollfd polled = {ends[0], POLLIN, 0};

    on_signal(SIGALRM, hit, 0);
    once(); show("read", read(ends[0], &byte, 1));
    once(); show("nanosleep", nanosleep(&second, &left));
    once(); show("poll", poll(&polled, 1, 1000));
    once(); show("pause", pause());
    sigset_t none; sigemptyset(&none);
    once(); show("sigsuspend", sigsuspend(&none));
    pid_t child = writes_later(ends[1]);
    once(); show("waitpid", waitpid(child, &status, 0));
    show("read", read(ends[0], &byte, 1));
    show("waitpid", waitpid(child, &status, 0) == child);

    on_signal(SIGALRM, hit, SA_RESTART);
    child = writes_later(ends[1]);
    once(); show("read, restarted", read(ends[0], &byte, 1));
    once(); show("waitpid, restarted", waitpid(child, &status, 0) == child);
    once(); show("poll is never restarted", poll(&polled, 1, 1000));
    int epoll = epoll_create1(0);
    struct epoll_event event;
    once(); show("epoll_wait is never restarted", epoll_wait(epoll, &event, 1, 1000));
    once(); show("nanosleep is never restarted", nanosleep(&second, &left));
    int never = 0;
    once(); show("futex", syscall(SYS_futex, &never, 0, 0, &second, 0, 0));
    signal(SIGALRM, SIG_IGN);
    second.tv_sec = 0; second.tv_nsec = 300000000;
    once(); show("nanosleep, signal ignored", nanosleep(&second, &left));
    return 0;
}
