/* pool.c: how the threads of a pool share a job.
 *
 * A job is announced by changing `round` under the lock. A thread claims a part by adding 1 to a counter, and when the
 * part is done it claims the next. A worker signals that it has left the job (`inside`) last of all, so that the caller
 * may reuse the memory of the job as soon as it returns.
 *
 *     caller   lock: job = ..., next = 0, round++  .. claims parts .. closes the job, waits until inside == 0
 *     worker   sees round change; lock: is there a job? inside++  .. claims parts .. inside--
 *
 * A worker that comes late finds the job closed and stays out. Steps follow one another closely, so a worker spins for
 * a moment before it sleeps, and the caller before it waits. If the pool is busy for another plan, the caller does its
 * job alone: nothing ever waits for another caller's job.
 *
 * A child of fork has the pool but not its threads, and the locks as they happened to be. There the caller does all jobs
 * alone, and what waits for threads is left out when the pool is freed. */
#include "base/pool.h"

#include "base/flush.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { MAX_THREADS = 256, SPINS = 4000 };

typedef struct worker {
    tacet_pool *pool;
    pthread_t thread;
    int lane;
} worker;

struct tacet_pool {
    tc_mem mem;
    int threads;   /* including the caller's */
    int workers;   /* started so far */
    pid_t process; /* that has started them */
    worker worker[MAX_THREADS];
    int spins;

    pthread_mutex_t busy; /* held by the caller whose job runs */
    pthread_mutex_t lock; /* guards job, run, parts, open, inside, stop and sleeping */
    pthread_cond_t wake, left;
    atomic_uint round; /* changes with every job; read without the lock while spinning */
    int sleeping;
    bool open, stop;
    tc_part *run;
    void *job;
    int64_t parts;
    _Alignas(64) atomic_int inside;
    _Alignas(64) _Atomic int64_t next;
};

static inline void rest(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void claim_parts(tacet_pool *p, tc_part *run, void *job, int64_t parts, int lane)
{
    assert(lane >= 0 && lane < p->threads);
    int64_t i;
    while ((i = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed)) < parts) run(job, i, lane);
}

/* Waits until the round differs from `seen`: spinning at first, then asleep. Returns with the lock held. */
static void await_round(tacet_pool *p, unsigned seen)
{
    for (int i = 0; i < p->spins && atomic_load_explicit(&p->round, memory_order_acquire) == seen; i++) rest();
    pthread_mutex_lock(&p->lock);
    while (atomic_load_explicit(&p->round, memory_order_relaxed) == seen) {
        p->sleeping++;
        pthread_cond_wait(&p->wake, &p->lock);
        p->sleeping--;
    }
}

static void *work(void *argument)
{
    const worker *self = argument;
    tacet_pool *p = self->pool;
    unsigned seen = 0;
    tc_flush_denormals(); /* as the caller does while a list runs */
    for (;;) {
        await_round(p, seen);
        seen = atomic_load_explicit(&p->round, memory_order_relaxed);
        const bool stop = p->stop, open = p->open;
        tc_part *const run = p->run;
        void *const job = p->job;
        const int64_t parts = p->parts;
        if (open) atomic_fetch_add_explicit(&p->inside, 1, memory_order_relaxed);
        pthread_mutex_unlock(&p->lock);
        if (stop) return NULL;
        if (!open) continue;

        claim_parts(p, run, job, parts, self->lane);

        /* The caller checks `inside` and falls asleep under the lock, so the signal cannot come between the two. */
        if (atomic_fetch_sub_explicit(&p->inside, 1, memory_order_acq_rel) == 1) {
            pthread_mutex_lock(&p->lock);
            pthread_cond_signal(&p->left);
            pthread_mutex_unlock(&p->lock);
        }
    }
}

static void announce(tacet_pool *p, int64_t parts, tc_part *run, void *job)
{
    pthread_mutex_lock(&p->lock);
    p->run = run;
    p->job = job;
    p->parts = parts;
    p->open = true;
    atomic_store_explicit(&p->next, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&p->round, 1, memory_order_release);
    if (p->sleeping > 0) pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

/* Keeps late workers out and waits for those that are inside. */
static void close_job(tacet_pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->open = false;
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->spins; i++) {
        if (atomic_load_explicit(&p->inside, memory_order_acquire) == 0) return;
        rest();
    }
    pthread_mutex_lock(&p->lock);
    while (atomic_load_explicit(&p->inside, memory_order_acquire) > 0) pthread_cond_wait(&p->left, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

void tc_pool_run(tacet_pool *p, int64_t parts, tc_part *run, void *job)
{
    if (!p || p->threads < 2 || parts < 2 || p->process != getpid() || pthread_mutex_trylock(&p->busy) != 0) {
        for (int64_t i = 0; i < parts; i++) run(job, i, 0);
        return;
    }
    announce(p, parts, run, job);
    claim_parts(p, run, job, parts, 0);
    close_job(p);
    pthread_mutex_unlock(&p->busy);
}

int tc_pool_threads(const tacet_pool *p) { return p ? p->threads : 1; }

/* Starts the workers with signals blocked: those are for the program's own threads. But a fault of a worker, such as a
 * row of a mapped file that is lost, is delivered to it alone, and if it were blocked, the program's handler would not
 * be called. Returns 0, or why the system refused a thread (errno). */
static int start(tacet_pool *p)
{
    sigset_t all, before;
    const int faults[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL};
    sigfillset(&all);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = 0;
    for (; !error && p->workers < p->threads - 1; p->workers += !error) {
        worker *w = &p->worker[p->workers];
        *w = (worker){.pool = p, .lane = p->workers + 1};
        error = pthread_create(&w->thread, NULL, work, w);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

tacet_pool *tc_pool_new(int threads, const tacet_memory *memory, tacet_error *e)
{
    if (threads < 1 || threads > MAX_THREADS) {
        tc_fail(e, TACET_DESCRIPTION, "a pool has 1 to %d threads, not %d", MAX_THREADS, threads);
        return NULL;
    }
    const tc_mem mem = tc_mem_of(memory);
    tacet_pool *p = tc_alloc_aligned(&mem, 1, sizeof *p);
    if (!p) {
        tc_fail_memory(e);
        return NULL;
    }
    p->mem = mem;
    p->threads = threads;
    p->process = getpid();
    /* With more threads than processors, a thread that spins keeps another from working. */
    p->spins = sysconf(_SC_NPROCESSORS_ONLN) >= threads ? SPINS : 0;
    pthread_mutex_init(&p->busy, NULL);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->left, NULL);
    const int error = start(p);
    if (error) {
        tc_fail(e, TACET_MEMORY, "cannot start thread %d of %d: %s", p->workers + 2, threads, strerror(error));
        tc_fail_hint(e, "the system is short of memory or of threads; fewer threads may help");
        tacet_pool_free(p);
        return NULL;
    }
    return p;
}

tacet_pool *tacet_pool_new(int threads, const tacet_memory *memory) { return tc_pool_new(threads, memory, NULL); }

static void end_threads(tacet_pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    p->open = false;
    atomic_fetch_add_explicit(&p->round, 1, memory_order_release);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->workers; i++) pthread_join(p->worker[i].thread, NULL);
    pthread_cond_destroy(&p->left);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    pthread_mutex_destroy(&p->busy);
}

void tacet_pool_free(tacet_pool *p)
{
    if (!p) return;
    if (p->process == getpid()) end_threads(p);
    const tc_mem mem = p->mem;
    tc_free_aligned(&mem, p);
}
