// Exceptions thrown through frames, rethrown, in threads, and out of a signal handler.
#include "test.h"
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

struct Guard {
    int &left;
    ~Guard() { left++; }
};

static int unwound;

__attribute__((noinline)) static int deep(int n) {
    Guard guard{unwound};
    if (n == 0) throw std::runtime_error("bottom");
    return deep(n - 1) + 1;
}

static std::string twice(int n) {
    try {
        try {
            deep(n);
        } catch (const std::exception &e) {
            std::throw_with_nested(std::logic_error(std::string("above ") + e.what()));
        }
    } catch (const std::logic_error &e) {
        try {
            std::rethrow_if_nested(e);
        } catch (const std::runtime_error &inner) {
            return std::string(e.what()) + " / " + inner.what();
        }
    }
    return "nothing";
}

static void faulted(int, siginfo_t *, void *) { throw 42; }

// -fnon-call-exceptions lets the handler of a fault throw through the instruction that faulted.
__attribute__((noinline)) static int load(volatile int *address) { return *address; }

int main() {
    int caught = 0;
    for (int i = 0; i < 300; i++) {
        try {
            deep(i % 40);
        } catch (const std::runtime_error &) {
            caught++;
        }
    }
    printf("%d %d %s\n", caught, unwound, twice(10).c_str());

    std::vector<std::thread> threads;
    std::vector<int> seen(8);
    for (int t = 0; t < 8; t++)
        threads.emplace_back([t, &seen] {
            for (int i = 0; i < 50; i++) {
                try {
                    throw t;
                } catch (int x) {
                    seen[t] += x;
                }
            }
        });
    for (auto &thread : threads) thread.join();
    for (int x : seen) printf("%d ", x);

    on_signal(SIGSEGV, faulted, SA_NODEFER);
    int thrown = 0;
    for (int i = 0; i < 20; i++) {
        try {
            load(nullptr);
        } catch (int x) {
            thrown += x;
        }
    }
    printf("%d\n", thrown);
    fflush(stdout);
    try {
        std::exception_ptr kept;
        try {
            deep(3);
        } catch (...) {
            kept = std::current_exception();
        }
        std::rethrow_exception(kept);
    } catch (const std::exception &e) {
        printf("kept %s\n", e.what());
    }
    fflush(stdout);
    deep(2); // not caught: terminate, SIGABRT
}
