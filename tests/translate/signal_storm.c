/* A thousand signals a second, of two timers, into floating-point work that must not notice. */
#include "test.h"

static volatile sig_atomic_t alarms, ticks;
static void alarmed(int s, siginfo_t *i, void *c) { (void)s; (void)i; (void)c; alarms++; }
static void ticked(int s, siginfo_t *i, void *c) {
    (void)s; (void)c;
    CHECK(i->si_code == SI_TIMER && i->si_value.sival_int == 42);
    volatile double x = 1.5;
    x = x * x + ticks;
    ticks++;
}

static double work(void) {
    double sum = 0, x = 0.5;
    for (int i = 1; i <= 500; i++) {
        x = x * 1.0000001 + 1.0 / i;
        sum += i % 3 ? x : -x;
    }
    return sum;
}

int main(void) {
    double expected = work();
    on_signal(SIGALRM, alarmed, SA_RESTART);
    on_signal(SIGRTMIN + 3, ticked, SA_RESTART);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3, .sigev_value.sival_int = 42};
    timer_t timer;
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    struct itimerspec every = {{0, 1300000}, {0, 1300000}};
    CHECK(timer_settime(timer, 0, &every, 0) == 0);
    tick(1000);
    int wrong = 0;
    while (alarms < 300 || ticks < 200) wrong += work() != expected;
    tick(0);
    timer_delete(timer);
    printf("wrong results: %d, sum %.17g\n", wrong, expected);
    return 0;
}
