/* Loaded into Postern's processes (LD_PRELOAD): while the file that FAULT_FILE names is there, each of its lines has a
   function and a part of a path, and that function fails with EIO on files whose path has that part. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int fails(const char *function, int fd) {
  const char *name = getenv("FAULT_FILE");
  FILE *faults = name == NULL ? NULL : fopen(name, "re");
  if (faults == NULL) return 0;
  char link[64], path[4096], wanted[32], part[256];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  int found = 0;
  while (!found && fscanf(faults, "%31s %255s", wanted, part) == 2)
    found = strcmp(wanted, function) == 0 && strstr(path, part) != NULL;
  fclose(faults);
  return found;
}

#define CHECKED(result, name, function, arguments, ...)                    \
  result name arguments {                                                  \
    static result(*real) arguments;                                        \
    if (real == NULL) real = (result(*) arguments)dlsym(RTLD_NEXT, #name); \
    if (fails(function, fd)) {                                             \
      errno = EIO;                                                         \
      return -1;                                                           \
    }                                                                      \
    return real(__VA_ARGS__);                                              \
  }

CHECKED(int, fsync, "sync", (int fd), fd)
CHECKED(int, fdatasync, "sync", (int fd), fd)
CHECKED(ssize_t, write, "write", (int fd, const void *bytes, size_t count), fd, bytes, count)
CHECKED(ssize_t, writev, "write", (int fd, const struct iovec *parts, int count), fd, parts, count)
CHECKED(ssize_t, pwrite, "write", (int fd, const void *bytes, size_t count, off_t at), fd, bytes, count, at)
CHECKED(ssize_t, pwrite64, "write", (int fd, const void *bytes, size_t count, off_t at), fd, bytes, count, at)
CHECKED(ssize_t, pread64, "read", (int fd, void *bytes, size_t count, off_t at), fd, bytes, count, at)
