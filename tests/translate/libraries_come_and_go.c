/* Libraries loaded and unloaded in turn, which the loader puts where the last one was. argv: the libraries. */
#include "test.h"
#include <dlfcn.h>

int main(int count, char **paths) {
    int moved = 0, wrong = 0;
    void *where[2] = {0, 0};
    double x = 1;
    for (int round = 0; round < 40; round++) {
        const int number = 1 + round % (count - 1);
        void *library = dlopen(paths[number], RTLD_NOW);
        CHECK(library);
        int (*which)(void) = (int (*)(void))dlsym(library, "which");
        double (*work)(double) = (double (*)(double))dlsym(library, "work");
        CHECK(which && work);
        wrong += which() != number * 10;
        x = work(x);
        moved += where[0] && where[0] != (void *)which;
        where[0] = (void *)which;
        CHECK(dlclose(library) == 0);
    }
    printf("wrong %d, moved %d, %.17g\n", wrong, moved, x);
    return 0;
}
