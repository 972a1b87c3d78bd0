/* A pinentry program for tests: what it does follows from the prompt that it is told to show. It requires that the description came escaped. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void answer(const char *prompt)
{
    if (strcmp(prompt, "pin") == 0) {
        (void)puts("D 12%2534 \xc3\xa4\nOK");
    } else if (strcmp(prompt, "nothing") == 0) {
        (void)puts("OK");
    } else if (strcmp(prompt, "notices") == 0) {
        (void)puts("S PIN_REPEATED\n# one moment");
        (void)puts("D 12");
        (void)puts("D 34");
        (void)puts("OK");
    } else if (strcmp(prompt, "cancel") == 0) {
        (void)puts("ERR 83886179 Operation cancelled <Pinentry>");
    } else if (strcmp(prompt, "no tty") == 0) {
        (void)puts("ERR 83918950 Inappropriate ioctl for device <Pinentry>");
    } else if (strcmp(prompt, "long") == 0) {
        (void)printf("D %064d\nOK\n", 0);
    } else if (strcmp(prompt, "garbage") == 0) {
        (void)puts("PIN 1234");
    } else if (strcmp(prompt, "endless") == 0) {
        for (int i = 0; i < 2000; i++) {
            (void)putchar('D');
        }
    } else if (strcmp(prompt, "inquire") == 0) {
        (void)puts("INQUIRE QUALITY 4");
    } else if (strcmp(prompt, "unescaped") == 0) {
        (void)puts("D 12%3\nOK");
    } /* else: die without a word */
    (void)fflush(stdout);
}

int main(void)
{
    char line[1100];
    char prompt[64] = "";
    bool is_described = false;
    (void)puts("OK Pleased to meet you");
    (void)fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "GETPIN") == 0) {
            answer(is_described ? prompt : "");
            return 0;
        }
        is_described |= strcmp(line, "SETDESC 100 %25%0aof it") == 0;
        if (strncmp(line, "SETPROMPT ", 10) == 0) {
            (void)snprintf(prompt, sizeof prompt, "%.63s", line + 10);
        }
        (void)puts(strncmp(line, "OPTION", 6) == 0 ? "ERR 83886254 Unknown option" : "OK");
        (void)fflush(stdout);
    }
    return 0;
}
