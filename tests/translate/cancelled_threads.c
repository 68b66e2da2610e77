/* Threads that take turns, and threads that are cancelled wherever they are. */
#include "test.h"

static __thread int own;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int turn;

static void *takes_turns(void *number) {
    for (int i = 0; i < 200; i++) {
        pthread_mutex_lock(&mutex);
        while (turn % 4 != (long)number) pthread_cond_wait(&changed, &mutex);
        turn++;
        own++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
    }
    return (void *)(long)own;
}
static void *waits(void *unused) {
    for (;;) pause();
    return unused;
}
static void *spins(void *unused) {
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, 0);
    for (;;) __asm__ volatile("nop");
    return unused;
}

int main(void) {
    pthread_t threads[4];
    void *result;
    for (long i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], 0, takes_turns, (void *)i) == 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &result);
        printf("%ld ", (long)result);
    }
    for (int i = 0; i < 20; i++) {
        CHECK(pthread_create(&threads[0], 0, i & 1 ? waits : spins, 0) == 0);
        usleep(500);
        pthread_cancel(threads[0]);
        pthread_join(threads[0], &result);
        CHECK(result == PTHREAD_CANCELED);
    }
    puts("ok");
    return 0;
}
