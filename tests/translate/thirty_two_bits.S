/* Writes a line and exits with 5, as a 32-bit program. */
    .globl _start
_start:
    mov $4, %eax
    mov $1, %ebx
    mov $line, %ecx
    mov $8, %edx
    int $0x80
    mov $1, %eax
    mov $5, %ebx
    int $0x80
line: .ascii "32 bits\n"
