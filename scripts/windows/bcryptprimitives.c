/* The one function of bcryptprimitives.dll that Rust's standard library imports. Wine 8 has no
 * such library, and a program that imports a missing one ends before `main`, with code 53. */

typedef unsigned char byte;

/* RtlGenRandom, under the name advapi32 exports it by. */
__declspec(dllimport) byte __stdcall SystemFunction036(void *bytes, unsigned long count);

/* Fills memory with random bytes; its callers do not look at what it returns. */
__declspec(dllexport) int __stdcall ProcessPrng(byte *bytes, unsigned long long count)
{
    const unsigned long part_max = 1 << 20;

    while (count > 0) {
        unsigned long part = count < part_max ? (unsigned long)count : part_max;

        if (!SystemFunction036(bytes, part))
            __builtin_trap();
        bytes += part;
        count -= part;
    }
    return 1;
}
