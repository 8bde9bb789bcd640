/* trace.c: runs a command as its tracer, counts its system calls by class, and answers one of them with an error. */
#define _GNU_SOURCE
#include "faults.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

enum { LOADING = 64 };

/* ---- The processor: how a call that is about to run is changed -------------------------------------------------- */

#if defined(__x86_64__)
enum { ARCHITECTURE = AUDIT_ARCH_X86_64 };
typedef struct user_regs_struct registers;
#define RESULT rax
#define THIRD rdx
static void skip(pid_t pid, registers *r)
{
    (void)pid;
    r->orig_rax = (unsigned long long)-1;
}
#elif defined(__aarch64__)
enum { ARCHITECTURE = AUDIT_ARCH_AARCH64 };
typedef struct user_regs_struct registers;
#define RESULT regs[0]
#define THIRD regs[2]
static void skip(pid_t pid, registers *r)
{
    (void)r;
    int none = -1;
    struct iovec v = {&none, sizeof none};
    ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &v);
}
#else
#error "write these lines for your processor"
#endif

static void get(pid_t pid, registers *r) { ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &(struct iovec){r, sizeof *r}); }
static void set(pid_t pid, registers *r) { ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &(struct iovec){r, sizeof *r}); }

/* ---- The calls --------------------------------------------------------------------------------------------------- */

/* Where the file of a call is: in which argument its descriptor or its path. */
typedef enum where { NOWHERE, FD0, FD4, PATH0, PATH1, PATH2, PATH3 } where;

static const struct call {
    long number;
    const char *name;
    faults_kind kind;
    where file;
} call_table[] = {
#define CALL(name, kind, where) {SYS_##name, #name, FAULTS_##kind, where},
#include "calls.def"
#undef CALL
};
enum { CALLS = sizeof call_table / sizeof *call_table };

static bool locks(uint64_t command)
{
    return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW;
}

/* Some calls belong to another class, or to none, by their arguments. */
static faults_kind kind_of(const struct call *c, const uint64_t *a)
{
    const int fd = (int)a[0], map_fd = (int)a[4];
    if ((c->file == FD0 || c->number == SYS_newfstatat) && fd == STDERR_FILENO) return FAULTS_KINDS;
    if (c->number == SYS_fcntl && !locks(a[1])) return FAULTS_KINDS;
    if (c->number == SYS_mmap) return map_fd < 0 ? FAULTS_PAGES : FAULTS_MAP;
    if (c->kind == FAULTS_OPEN && (a[c->file == PATH1 ? 2 : 1] & O_CREAT)) return FAULTS_CREATE;
    return c->kind;
}

static void read_text(pid_t pid, uint64_t address, char *text, size_t size)
{
    /* In pieces that do not cross a page, because the next page may not be readable. */
    size_t n = 0;
    while (n + 1 < size) {
        size_t piece = 256 - address % 256;
        if (piece > size - 1 - n) piece = size - 1 - n;
        struct iovec to = {text + n, piece}, from = {(void *)(uintptr_t)address, piece};
        const ssize_t got = process_vm_readv(pid, &to, 1, &from, 1, 0);
        if (got <= 0) break;
        const size_t length = strnlen(text + n, (size_t)got);
        n += length;
        if (length < (size_t)got) return;
        address += piece;
    }
    text[n] = '\0';
}

static void file_of(pid_t pid, const struct call *c, const uint64_t *a, char *path, size_t size)
{
    *path = '\0';
    if (c->file >= PATH0) read_text(pid, a[c->file - PATH0], path, size);
    if (*path || c->file == NOWHERE) return;
    char *link = faults_text("/proc/%d/fd/%d", (int)pid, (int)a[c->file == FD4 ? 4 : 0]);
    const ssize_t n = readlink(link, path, size - 1);
    path[n < 0 ? 0 : n] = '\0';
    free(link);
}

/* Makes a path relative to dir/tree; that of dir/out becomes "standard output". */
static void shorten(char *path, const char *dir)
{
    const size_t n = strlen(dir);
    if (strncmp(path, dir, n) != 0) return;
    if (strcmp(path + n, "/out") == 0) {
        strcpy(path, "standard output");
    } else if (strncmp(path + n, "/tree", 5) == 0) {
        const char *from = path + n + 5 + (path[n + 5] == '/');
        memmove(path, from, strlen(from) + 1);
    }
}

/* ---- The command ------------------------------------------------------------------------------------------------- */

/* What becomes of the standard streams: '-' as usual, 'c' closed, 'f' full. */
static const char *const stream_table[] = {"c--", "-c-", "--c", "-f-", "--f", "-ff", "ccc", "-cf"};

static void filter(void)
{
    struct sock_filter code[2 * CALLS + 5], *p = code;
    *p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    *p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    *p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    *p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < CALLS; i++) {
        *p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (__u32)call_table[i].number, 0, 1);
        *p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    }
    *p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {(unsigned short)(p - code), code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        _exit(98);
}

static void stream(int number, int fd, char how)
{
    if (how == 'f') fd = open("/dev/full", O_RDWR);
    if (fd < 0 || dup2(fd, number) < 0) _exit(97);
    if (fd > STDERR_FILENO) close(fd);
}

/* err: a pipe, because RLIMIT_FSIZE must not cut off what the command says. */
static _Noreturn void become(const char *dir, const char *line, faults_fault f, int err)
{
    wordexp_t words;
    char *out = faults_text("%s/out", dir), *tree = faults_text("%s/tree", dir);
    char *page = faults_text("%s/page", dir);
    if (wordexp(line, &words, WRDE_NOCMD | WRDE_UNDEF) != 0 || chdir(tree) != 0) _exit(96);
    setenv(FAULTS_SHARED, page, 1);
    setenv("LD_PRELOAD", FAULTS_SHIM, 1);
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    const char *how = f.error && f.kind == FAULTS_STREAMS ? stream_table[f.at - 1] : "---";
    stream(STDERR_FILENO, err, how[2]);
    stream(STDOUT_FILENO, open(out, O_RDWR | O_CREAT | O_TRUNC, 0666), how[1]);
    stream(STDIN_FILENO, open("/dev/null", O_RDONLY), how[0]);
    for (int i = 0; i < 3; i++)
        if (how[i] == 'c') close(i);
    if (f.error && f.kind == FAULTS_LIMIT) {
        const struct rlimit limit = {(rlim_t)f.at, (rlim_t)f.at};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    setpgid(0, 0);
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    filter();
    execvp(words.we_wordv[0], words.we_wordv);
    _exit(95);
}

/* ---- The tracer -------------------------------------------------------------------------------------------------- */

typedef struct tracer {
    faults_fault fault;
    faults_result *result;
    pid_t loading[LOADING]; /* processes in which main has not begun */
    int64_t bytes;          /* written to files */
} tracer;

static void load(tracer *t, pid_t was, pid_t is)
{
    for (int i = 0; i < LOADING; i++)
        if (t->loading[i] == was) {
            t->loading[i] = is;
            return;
        }
}

static bool is_loading(const tracer *t, pid_t pid)
{
    for (int i = 0; i < LOADING; i++)
        if (t->loading[i] == pid) return true;
    return false;
}

/* Whether this call is the one that fails. On a full disk a write may first fit in part. */
static bool meant(tracer *t, faults_kind kind, const uint64_t *a, int64_t *fits)
{
    const faults_fault *f = &t->fault;
    if (kind == FAULTS_WRITE && a[0] > STDERR_FILENO) {
        t->result->count[FAULTS_DISK] += (int64_t)a[2];
        if (f->error && f->kind == FAULTS_DISK) {
            *fits = f->at - t->bytes;
            t->bytes += *fits < (int64_t)a[2] ? *fits : (int64_t)a[2];
            return *fits < (int64_t)a[2];
        }
    }
    const int64_t n = ++t->result->count[kind];
    return f->error && f->kind == kind && (f->onwards ? n >= f->at : n == f->at);
}

/* Lets the stopped call run, changes it, or answers it. True: it runs, and its answer is replaced when it returns. */
static bool answer(tracer *t, pid_t pid)
{
    struct __ptrace_syscall_info info = {0};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0) return false;
    const uint64_t *a = info.seccomp.args;
    if (info.seccomp.nr == SYS_close && (int)a[0] == -FAULTS_MAIN) load(t, pid, 0);
    if (is_loading(t, pid)) return false;
    const struct call *c = call_table;
    while (c->number != (long)info.seccomp.nr) c++;
    const faults_kind kind = kind_of(c, a);
    int64_t fits = 0;
    if (kind == FAULTS_KINDS || !meant(t, kind, a, &fits)) return false;
    if (!t->result->hit) {
        snprintf(t->result->call, sizeof t->result->call, "%s", c->name);
        file_of(pid, c, a, t->result->path, sizeof t->result->path);
    }
    t->result->hit = true;
    const int error = t->fault.error;
    if (error == FAULTS_KILL || error == FAULTS_TERM) {
        kill(pid, error == FAULTS_KILL ? SIGKILL : SIGTERM);
        return false;
    }
    if (c->number == SYS_close) return true;
    registers r;
    get(pid, &r);
    if (error == FAULTS_SHORT || fits > 0) {
        r.THIRD = fits > 0 ? (uint64_t)fits : a[2] > 1 ? a[2] / 2 : a[2];
    } else {
        skip(pid, &r);
        r.RESULT = (unsigned long long)-error;
    }
    set(pid, &r);
    return false;
}

static void resume(tracer *t, pid_t pid, int status)
{
    const int event = status >> 16, number = WSTOPSIG(status);
    bool watch = false;
    int pass = 0;
    if (event == PTRACE_EVENT_SECCOMP) {
        watch = answer(t, pid);
    } else if (event == PTRACE_EVENT_EXEC) {
        if (!is_loading(t, pid)) load(t, 0, pid);
    } else if (number == (SIGTRAP | 0x80)) { /* the end of a close() that was watched */
        registers r;
        get(pid, &r);
        r.RESULT = (unsigned long long)-t->fault.error;
        set(pid, &r);
    } else if (event == 0 && number != SIGSTOP) {
        pass = number;
    }
    ptrace(watch ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, pass);
}

static void too_long(int number) { (void)number; }

static faults_shared *page_of(const char *dir, faults_fault f, bool backtrace)
{
    char *path = faults_text("%s/page", dir);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(faults_shared)) != 0) faults_stop("cannot write %s", path);
    faults_shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED) faults_stop("cannot map %s", path);
    close(fd);
    free(path);
    *shared = (faults_shared){.onwards = f.onwards, .backtrace = backtrace};
    if (f.error && f.kind == FAULTS_MEMORY) shared->at = f.at;
    return shared;
}

/* What has been written into the pipe becomes the file dir/err. */
static void keep_words(const char *dir, int pipe)
{
    char piece[4096], *path = faults_text("%s/err", dir);
    const int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    for (ssize_t n; (n = read(pipe, piece, sizeof piece)) > 0;)
        if (write(to, piece, (size_t)n) != n) faults_stop("cannot write %s", path);
    close(pipe);
    close(to);
    free(path);
}

void faults_run(const char *dir, const char *line, faults_fault f, int seconds, bool backtrace, faults_result *r)
{
    tracer t = {.fault = f, .result = r};
    *r = (faults_result){0};
    faults_shared *shared = page_of(dir, f, backtrace);
    int status, err[2];
    fflush(NULL);
    if (pipe2(err, O_CLOEXEC) != 0 || fcntl(err[1], F_SETPIPE_SZ, 1 << 20) < 0) faults_stop("cannot make a pipe");
    const pid_t child = fork();
    if (child < 0) faults_stop("cannot fork: %s", strerror(errno));
    if (child == 0) become(dir, line, f, err[1]);
    close(err[1]);
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
        faults_stop("cannot trace the command; ptrace must be allowed: %s", line);
    const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                         PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, child, 0, options) != 0) faults_stop("cannot trace: %s", strerror(errno));
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = too_long}, NULL);
    alarm((unsigned)seconds);
    load(&t, 0, child);
    ptrace(PTRACE_CONT, child, 0, 0);
    for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR;) {
        if (pid < 0) {
            r->hung = true;
            kill(-child, SIGKILL);
        } else if (WIFSTOPPED(status)) {
            resume(&t, pid, status);
        } else if (pid == child) {
            r->status = status;
        }
    }
    alarm(0);
    keep_words(dir, err[0]);
    shorten(r->path, dir);
    r->count[FAULTS_MEMORY] = shared->count;
    if (shared->at && shared->count >= shared->at) r->hit = true;
    if (f.error && f.kind >= FAULTS_LIMIT) r->hit = true;
    munmap(shared, sizeof *shared);
    r->count[FAULTS_LIMIT] = r->count[FAULTS_DISK];
    r->count[FAULTS_STREAMS] = sizeof stream_table / sizeof *stream_table;
    if (WIFEXITED(r->status) && WEXITSTATUS(r->status) >= 95 && WEXITSTATUS(r->status) <= 99)
        faults_stop("cannot run (%d): %s", WEXITSTATUS(r->status), line);
}
