/*
 * Stands in for a library of Windows that Wine 8 does not have: Rust's standard library takes its
 * random numbers from it. For tests only; Windows has its own.
 */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *data, SIZE_T length)
{
    while (length > 0) {
        ULONG part = length > 0x100000 ? 0x100000 : (ULONG)length;
        if (!RtlGenRandom(data, part))
            return FALSE;
        data += part;
        length -= part;
    }
    return TRUE;
}
