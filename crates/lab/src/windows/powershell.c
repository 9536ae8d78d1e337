/*
 * Stands in for PowerShell, which Wine does not have: tells its command line and the first line of the
 * script that it is given, and ends with the status that STAND_IN_EXIT names.
 */
#include <windows.h>
#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    char text[4096] = "";
    int count = 0;
    const char *status = getenv("STAND_IN_EXIT");
    wchar_t **arguments = CommandLineToArgvW(GetCommandLineW(), &count);
    FILE *script = count > 1 ? _wfopen(arguments[count - 1], L"r") : NULL;

    WideCharToMultiByte(CP_UTF8, 0, GetCommandLineW(), -1, text, sizeof text, NULL, NULL);
    printf("called: %s\n", text);
    if (script == NULL || fgets(text, sizeof text, script) == NULL)
        return 99;
    printf("script: %s", text);
    return status == NULL ? 0 : atoi(status);
}
