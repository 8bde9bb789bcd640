/* test_pool.c: every part runs once, on any number of threads, in jobs in quick succession, from several callers at the
 * same time. (The thread sanitizer checks all of it.) */
#include "cmocka_all.h"

#include "base/pool.h"
#include "failing.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 1000 };

typedef struct marks {
    int count[MOST];
    int64_t input[MOST], output[MOST];
} marks;

static void mark(void *job, int64_t part, int lane)
{
    (void)lane;
    marks *m = job;
    m->count[part]++; /* not atomic: each part runs on only one thread */
    m->output[part] = 3 * m->input[part] + part;
}

static void run_and_check(tacet_pool *p, marks *m, int64_t parts, int64_t round)
{
    memset(m->count, 0, sizeof m->count);
    for (int64_t i = 0; i < parts; i++) m->input[i] = round - i;
    tc_pool_run(p, parts, mark, m);
    for (int64_t i = 0; i < MOST; i++) {
        if (m->count[i] != (i < parts)) fail_msg("part %d ran %d times", (int)i, m->count[i]);
        if (i < parts && m->output[i] != 3 * (round - i) + i) fail_msg("part %d has an old result", (int)i);
    }
}

static void every_part_runs_once(void **state)
{
    (void)state;
    static marks m;
    const int64_t sizes[] = {0, 1, 2, 3, 4, 7, 64, MOST};
    for (int threads = 1; threads <= 3; threads++) {
        tacet_pool *p = tc_pool_new(threads, NULL, NULL);
        assert_non_null(p);
        assert_int_equal(tc_pool_threads(p), threads);
        for (int64_t round = 0; round < 200; round++)
            run_and_check(p, &m, sizes[(size_t)round % (sizeof sizes / sizeof *sizes)], round);
        tacet_pool_free(p);
    }
    run_and_check(NULL, &m, 10, 1);
    assert_int_equal(tc_pool_threads(NULL), 1);
}

/* Jobs of a few hundred nanoseconds, each on a stack frame that ends right after the job. */
static void one_tiny_job(tacet_pool *p, int64_t round)
{
    marks m = {.count = {0}};
    m.input[0] = m.input[1] = m.input[2] = round;
    tc_pool_run(p, 3, mark, &m);
    assert_true(m.count[0] == 1 && m.count[1] == 1 && m.count[2] == 1);
    assert_true(m.output[2] == 3 * round + 2);
    memset(&m, 0xEE, sizeof m);
}

static void many_tiny_jobs(void **state)
{
    (void)state;
    for (int threads = 2; threads <= 3; threads++) {
        tacet_pool *p = tc_pool_new(threads, NULL, NULL);
        for (int64_t round = 0; round < 5000; round++) one_tiny_job(p, round);
        tacet_pool_free(p);
    }
}

/* After a pause the workers are asleep, and must be woken. */
static void workers_wake_up(void **state)
{
    (void)state;
    static marks m;
    tacet_pool *p = tc_pool_new(3, NULL, NULL);
    for (int64_t round = 0; round < 10; round++) {
        usleep(3000);
        run_and_check(p, &m, 20, round);
    }
    usleep(3000);
    tacet_pool_free(p);
}

/* Threads run at the same time: two parts each wait for the other. */
typedef struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t came;
    int here;
} meeting;

static void meet(void *job, int64_t part, int lane)
{
    (void)lane;
    (void)part;
    meeting *m = job;
    pthread_mutex_lock(&m->lock);
    m->here++;
    pthread_cond_broadcast(&m->came);
    while (m->here < 2) pthread_cond_wait(&m->came, &m->lock);
    pthread_mutex_unlock(&m->lock);
}

static void parts_run_in_parallel(void **state)
{
    (void)state;
    tacet_pool *p = tc_pool_new(2, NULL, NULL);
    for (int i = 0; i < 20; i++) {
        meeting m = {.here = 0};
        pthread_mutex_init(&m.lock, NULL);
        pthread_cond_init(&m.came, NULL);
        tc_pool_run(p, 2, meet, &m);
        assert_int_equal(m.here, 2);
        pthread_cond_destroy(&m.came);
        pthread_mutex_destroy(&m.lock);
    }
    tacet_pool_free(p);
}

/* Only one thread at a time has a lane, so the lane's memory needs no lock. */
enum { LANES = 4 };

typedef struct lanes {
    int threads;
    pthread_barrier_t all; /* of the threads */
    atomic_bool taken[LANES];
    atomic_int wrong;        /* parts on a lane that does not exist or is in use */
    int64_t parts_of[LANES]; /* not atomic, like scratch memory */
} lanes;

static bool enter(lanes *l, int lane)
{
    const bool good = lane >= 0 && lane < l->threads && !atomic_exchange(&l->taken[lane], true);
    if (good) l->parts_of[lane]++;
    l->wrong += !good;
    return good;
}

/* As many parts as threads, none of which ends before all have begun: each needs a separate lane. */
static void enter_together(void *job, int64_t part, int lane)
{
    lanes *l = job;
    (void)part;
    const bool good = enter(l, lane);
    pthread_barrier_wait(&l->all);
    if (good) atomic_store(&l->taken[lane], false);
}

/* Parts of different lengths, in any order. */
static void enter_in_turn(void *job, int64_t part, int lane)
{
    lanes *l = job;
    const bool good = enter(l, lane);
    for (volatile int i = 0; i < (int)(part % 3) * 100; i++) {}
    if (part % 16 == 0) sched_yield();
    if (good) atomic_store(&l->taken[lane], false);
}

static void lanes_are_exclusive(void **state)
{
    (void)state;
    enum { ROUNDS = 100, PARTS = 64 };
    for (int threads = 1; threads <= LANES; threads++) {
        tacet_pool *p = tc_pool_new(threads, NULL, NULL);
        lanes l = {.threads = threads};
        int64_t parts = 0;
        pthread_barrier_init(&l.all, NULL, (unsigned)threads);
        for (int round = 0; round < ROUNDS; round++) tc_pool_run(p, threads, enter_together, &l);
        assert_int_equal(l.wrong, 0);
        for (int i = 0; i < threads; i++) assert_int_equal(l.parts_of[i], ROUNDS);
        for (int round = 0; round < ROUNDS; round++) tc_pool_run(p, PARTS, enter_in_turn, &l);
        assert_int_equal(l.wrong, 0);
        for (int i = 0; i < threads; i++) parts += l.parts_of[i];
        assert_int_equal(parts, ROUNDS * (PARTS + threads));
        pthread_barrier_destroy(&l.all);
        tacet_pool_free(p);
    }
    lanes alone = {.threads = 1};
    tc_pool_run(NULL, PARTS, enter_in_turn, &alone);
    assert_int_equal(alone.wrong, 0);
}

/* Several plans share one pool. */
typedef struct caller {
    tacet_pool *pool;
    int64_t wrong;
} caller;

static void *call(void *argument)
{
    caller *c = argument;
    marks *m = calloc(1, sizeof *m);
    if (!m) return NULL;
    for (int64_t round = 0; round < 500; round++) {
        memset(m->count, 0, sizeof m->count);
        m->input[5] = round;
        tc_pool_run(c->pool, 8, mark, m);
        for (int i = 0; i < 8; i++) c->wrong += m->count[i] != 1;
        c->wrong += m->output[5] != 3 * round + 5;
    }
    free(m);
    return NULL;
}

static void callers_share_a_pool(void **state)
{
    (void)state;
    enum { CALLERS = 3 };
    tacet_pool *p = tacet_pool_new(2, NULL);
    pthread_t thread[CALLERS];
    caller c[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        c[i] = (caller){p, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, call, &c[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(c[i].wrong, 0);
    }
    tacet_pool_free(p);
}

/* A part may use the pool itself; the nested job runs on the part's thread. */
typedef struct nest {
    tacet_pool *pool;
    marks inner[4];
} nest;

static void run_inner(void *job, int64_t part, int lane)
{
    (void)lane;
    nest *n = job;
    tc_pool_run(n->pool, 10, mark, &n->inner[part]);
}

static void jobs_may_nest(void **state)
{
    (void)state;
    static nest n;
    n.pool = tc_pool_new(2, NULL, NULL);
    tc_pool_run(n.pool, 4, run_inner, &n);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 10; k++) assert_int_equal(n.inner[i].count[k], 1);
    tacet_pool_free(n.pool);
}

static void bad_numbers_and_no_memory(void **state)
{
    (void)state;
    tacet_error e;
    const int refused[] = {0, -1, 257, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_null(tc_pool_new(refused[i], NULL, &e));
        assert_int_equal(e.status, TACET_DESCRIPTION);
        assert_null(tacet_pool_new(refused[i], NULL));
    }
    int64_t n = 1;
    for (;; n++) {
        failing f = {.fail_at = n};
        const tacet_memory hook = failing_memory(&f);
        tacet_pool *p = tc_pool_new(2, &hook, &e);
        assert_true(f.failed == (p == NULL));
        if (!f.failed) {
            /* A job allocates nothing. */
            static marks m;
            const int64_t calls = f.calls;
            run_and_check(p, &m, 100, 1);
            assert_int_equal(f.calls, calls);
        } else {
            assert_int_equal(e.status, TACET_MEMORY);
        }
        tacet_pool_free(p);
        assert_int_equal(f.alive, 0);
        if (!f.failed) break;
    }
    assert_true(n > 1);
    tacet_pool_free(NULL);
}

/* A process that may not grow has no memory for the stack of a thread. This runs in a child process, and not under
 * sanitizers, which need memory themselves. */
static void the_system_may_refuse_a_thread(void **state)
{
    (void)state;
#ifdef TC_SANITIZED
    skip();
#else
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit none = {64 << 20, 64 << 20}, stack = {32 << 20, 32 << 20};
        failing f = {0};
        const tacet_memory hook = failing_memory(&f);
        tacet_error e = {0};
        setrlimit(RLIMIT_STACK, &stack);
        setrlimit(RLIMIT_AS, &none);
        const bool refused = !tc_pool_new(64, &hook, &e) && e.status == TACET_MEMORY && strstr(e.message, "of 64: ");
        _exit(refused && f.alive == 0 ? 0 : 1);
    }
    int status = -1;
    assert_true(waitpid(child, &status, 0) == child);
    assert_int_equal(status, 0);
#endif
}

/* Sleeping threads of the parent are what waiting for would never end; the child is ended if it does wait. */
static void a_child_of_fork_does_its_jobs_alone(void **state)
{
    (void)state;
    static marks m;
    tacet_pool *p = tc_pool_new(3, NULL, NULL);
    run_and_check(p, &m, 20, 1);
    usleep(3000);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(20);
        for (int64_t round = 0; round < 10; round++) run_and_check(p, &m, 20, round);
        tacet_pool_free(p);
        _exit(0);
    }
    int status = -1;
    assert_true(waitpid(child, &status, 0) == child);
    assert_int_equal(status, 0);
    run_and_check(p, &m, 20, 2);
    tacet_pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_runs_once),
        cmocka_unit_test(many_tiny_jobs),
        cmocka_unit_test(workers_wake_up),
        cmocka_unit_test(parts_run_in_parallel),
        cmocka_unit_test(lanes_are_exclusive),
        cmocka_unit_test(callers_share_a_pool),
        cmocka_unit_test(jobs_may_nest),
        cmocka_unit_test(bad_numbers_and_no_memory),
        cmocka_unit_test(the_system_may_refuse_a_thread),
        cmocka_unit_test(a_child_of_fork_does_its_jobs_alone),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
