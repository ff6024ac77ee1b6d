/* Stands in for getrandom(2) of the C library. The standard library seeds its hash maps with it, and tokio
 * its choice between tasks that are ready: with a seed in the environment both are the same each time. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

ssize_t getrandom(void *buffer, size_t length, unsigned int flags)
{
    static uint64_t state;
    static int begun;
    const char *seed = getenv("VETO_SIMULATED_CHANCE");
    if (seed == NULL)
        return syscall(SYS_getrandom, buffer, length, flags);
    if (!begun) {
        state = strtoull(seed, NULL, 10);
        begun = 1;
    }
    unsigned char *bytes = buffer;
    for (size_t place = 0; place < length; place++) {
        /* SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), a byte of each. */
        uint64_t mixed = (state += 0x9e3779b97f4a7c15u);
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
        bytes[place] = (unsigned char)(mixed ^ (mixed >> 31));
    }
    return (ssize_t)length;
}
