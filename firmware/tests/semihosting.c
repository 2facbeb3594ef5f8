/**
 * @file semihosting.c
 * A program of the C library alone: picolibc's own start-up code and its semihosting layer, nothing of this firmware.
 *
 * Prints, reads a line, writes a file and reads it back, measures time, and ends with 42. Run with --semihosting and
 * --semihosting-directory.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const path = "semihosting.txt";

/** Writes `text` to the file and reads it back. */
static int copy(const char *text)
{
    char back[64];
    ssize_t length = (ssize_t)strlen(text);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file < 0 || write(file, text, (size_t)length) != length || close(file) != 0) {
        return 1;
    }
    file = open(path, O_RDONLY);
    if (file < 0 || read(file, back, sizeof(back)) != length || memcmp(back, text, (size_t)length) != 0) {
        return 1;
    }
    if (lseek(file, 2, SEEK_SET) != 2 || read(file, back, 1) != 1 || back[0] != text[2]) {
        return 1;
    }
    return close(file);
}

int main(void)
{
    char line[32] = "";
    clock_t start = clock();
    printf("pi is about %d.%04d\n", 3, 1416);
    fprintf(stderr, "this is standard error\n");
    if (fgets(line, sizeof(line), stdin) != NULL) {
        printf("read %s", line);
    }
    printf("file %s\n", copy("written by the guest\n") == 0 ? "ok" : "failed");
    printf("outside %s\n", open("../outside", O_RDONLY) < 0 && open("/etc/passwd", O_RDONLY) < 0 ? "closed" : "OPEN");
    printf("time %s\n", clock() >= start ? "goes on" : "goes back");
    exit(42);
}
