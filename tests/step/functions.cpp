// 100 additions in a C++ function, 50 multiplications in a C one, 7 additions in code written here.
#include <cstring>
#include <sys/mman.h>

namespace work {
__attribute__((noinline)) double add(double x, int n) {
    for (int i = 0; i < n; i++) asm volatile("addsd %0, %0" : "+x"(x));
    return x;
}
}

extern "C" __attribute__((noinline)) double multiply(double x, int n) {
    for (int i = 0; i < n; i++) asm volatile("mulsd %0, %0" : "+x"(x));
    return x;
}

int main() {
    double x = multiply(work::add(1.0, 100), 50);
    const unsigned char code[] = {0xf2, 0x0f, 0x58, 0xc0, 0xc3}; // addsd xmm0, xmm0; ret
    void *page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return 1;
    std::memcpy(page, code, sizeof code);
    for (int i = 0; i < 7; i++) x = reinterpret_cast<double (*)(double)>(page)(x);
    return x == 0;
}
