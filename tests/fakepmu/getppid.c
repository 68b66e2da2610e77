// Threads, and a child process, each of which makes its own number of system calls getppid.
//   main 11, two threads 100 and 200, a child 7000
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *call(void *times) {
  for (long left = (long)times; left > 0; left--)
    syscall(SYS_getppid);
  return 0;
}

int main(void) {
  pthread_t threads[2];
  for (long number = 0; number < 2; number++)
    pthread_create(&threads[number], 0, call, (void *)(100 * (number + 1)));
  for (int number = 0; number < 2; number++)
    pthread_join(threads[number], 0);
  if (fork() == 0) {
    call((void *)7000L);
    _exit(0);
  }
  wait(0);
  call((void *)11L);
  return 0;
}
