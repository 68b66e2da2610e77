// Threads, and a child process, each of which touches its own number of fresh pages. The pages are
// mapped beforehand by nobody, so that each first touch is one page fault in user mode.
//   faults IN_MAIN IN_THREAD IN_CHILD
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void touch(long pages) {
  volatile char *memory =
      mmap(0, pages << 12, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  madvise((void *)memory, pages << 12, MADV_NOHUGEPAGE);
  for (long page = 0; page < pages; page++)
    memory[page << 12] = 1;
}

static void *thread(void *pages) {
  touch((long)pages);
  return 0;
}

int main(int count, char **args) {
  if (count < 4)
    return 2;
  pthread_t worker;
  if (atol(args[2]) > 0) {
    pthread_create(&worker, 0, thread, (void *)atol(args[2]));
    pthread_join(worker, 0);
  }
  if (atol(args[3]) > 0) {
    if (fork() == 0) {
      touch(atol(args[3]));
      _exit(0);
    }
    wait(0);
  }
  touch(atol(args[1]));
  return 0;
}
