/* What a small static program does, in one of several kinds, for comparison with single steps. */
#include "test.h"
#include <math.h>

static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static volatile int handled;
static void handle(int s, siginfo_t *i, void *c) {
    (void)s; (void)i; (void)c;
    handled++;
}

static void *thread(void *n) {
    double x = 1;
    for (long i = 0; i < (long)n; i++) x = sqrt(x + i) * 1.5;
    return (void *)(long)x;
}

int main(int count, char **args) {
    CHECK(count == 2);
    switch (args[1][0]) {
    case 's': { /* sorting, strings */
        int numbers[100];
        for (int i = 0; i < 100; i++) numbers[i] = i * 7919 % 101;
        qsort(numbers, 100, sizeof numbers[0], by_value);
        char text[500] = "";
        for (int i = 0; i < 100; i += 9) snprintf(text + strlen(text), 12, "%d,", numbers[i]);
        puts(text);
        break;
    }
    case 'f': { /* floats of every precision */
        volatile float f = 1.5f;
        volatile double d = 2.5;
        volatile long double l = 3.5L;
        for (int i = 0; i < 10; i++) f = f * 1.01f + 1, d = sin(d) / 0.7, l = l * 1.01L - 0.25L;
        printf("%.9g %.17g %.20Lg\n", f, d, l);
        break;
    }
    case 'g': /* signals */
        on_signal(SIGUSR1, handle, 0);
        for (int i = 0; i < 5; i++) raise(SIGUSR1);
        printf("%d\n", handled);
        break;
    case 'p': { /* processes */
        pid_t child = fork();
        if (child == 0) _exit((int)(sqrt(count + 14.0) * 2));
        int status;
        waitpid(child, &status, 0);
        printf("%d\n", WEXITSTATUS(status));
        break;
    }
    case 't': { /* one thread at a time */
        for (long i = 1; i < 4; i++) {
            pthread_t other;
            void *result;
            CHECK(pthread_create(&other, 0, thread, (void *)(10 * i)) == 0);
            pthread_join(other, &result);
            printf("%ld\n", (long)result);
        }
        break;
    }
    case 'c': { /* code written at run time */
        unsigned char *page = pages(4096, PROT_READ | PROT_WRITE | PROT_EXEC);
        int sum = 0;
        for (int i = 0; i < 10; i++) {
            put_return(page + i % 2 * 64, i);
            sum += call(page + i % 2 * 64);
        }
        printf("%d\n", sum);
        break;
    }
    case 'j': { /* longjmp */
        static jmp_buf back;
        int n = setjmp(back);
        if (n < 5) longjmp(back, n + 1);
        printf("%d\n", n);
        break;
    }
    case 'k': /* an end in the middle of a block */
        printf("%d\n", count);
        fflush(stdout);
        __asm__ volatile("addsd %%xmm0, %%xmm1\n\tud2" ::: "xmm1");
    }
    return 0;
}
