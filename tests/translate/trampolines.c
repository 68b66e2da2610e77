/* Nested functions, whose trampolines gcc writes to an executable stack, with the kernel writing there too. */
#include "test.h"

static volatile int handled;
static void handler(int s, siginfo_t *i, void *c) {
    (void)s; (void)i; (void)c;
    handled++;
}

__attribute__((noinline)) static int apply(int (*function)(int), int x) { return function(x); }

__attribute__((noinline)) static int outer(int base, char how) {
    char buffer[64];
    int add(int x) { return x + base; }
    int sum = apply(add, 1);
    if (how == '1') {
        int ends[2];
        CHECK(pipe(ends) == 0 && write(ends[1], "abc", 3) == 3);
        CHECK(read(ends[0], buffer, sizeof buffer) == 3);
        close(ends[0]);
        close(ends[1]);
        sum += buffer[0];
    } else if (how == '2') {
        raise(SIGUSR1);
    } else if (how == '3') {
        pid_t child = fork();
        if (child == 0) _exit(apply(add, 2));
        int status;
        CHECK(waitpid(child, &status, 0) == child);
        sum += WEXITSTATUS(status);
    }
    return sum + apply(add, 2);
}

int main(int count, char **args) {
    CHECK(count == 2);
    on_signal(SIGUSR1, handler, 0);
    int sum = 0;
    for (int i = 0; i < 20; i++) sum += outer(i, args[1][0]);
    printf("%d %d\n", sum, handled);
    return 0;
}
