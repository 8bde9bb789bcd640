/* test_finite.c: whatever is finite in the mathematics is finite here: the output, the value, every gradient and every
 * proximal step of every operator, on tensors of two of the sizes in finite.h. timeout 300
 *
 * The mathematics are the same operators compiled with double in place of float (finite/reference.c). The rule: what is
 * finite there and within the range of a float must be finite here. If the value of a loss or penalty is beyond the
 * range, nothing is asked of its gradients, since the step is then refused. A matrix product is beyond the range if
 * the magnitudes that it adds are. Each probe is run with every word of every attribute and with every number at the
 * ends of its limits, if these are within the range of a float; and with denormals as they are and as zeros. */
#include "finite/finite.h"

#include "base/flush.h"

#include <dlfcn.h>
#include <float.h>

static finite_number got[FINITE_MOST], wanted[FINITE_MOST];
static finite_function *reference;

static bool in_range(double x) { return fabs(x) <= (double)FLT_MAX; }

static void describe(const finite_case *c, const finite_number *n, char *to, size_t size)
{
    const finite_pattern p = finite_pattern_of(n->pattern);
    snprintf(to, size, "%s on [%s]%s%s reduce %d, numbers %g and %g, g %g, parameters %g: %c of tensor %d, element %d",
             c->spec, c->x[0], c->parameter ? ", a parameter," : "", c->copies > 1 ? " joint" : "", c->reduce, p.a, p.b,
             p.g, p.w, n->part, n->tensor, n->element);
}

static int faults;

static void compare(const finite_case *c, int64_t n)
{
    char text[512];
    bool asked = true;
    for (int64_t i = 0; i < n; i++) {
        if (wanted[i].part == 'v') asked = in_range(wanted[i].is);
        if (wanted[i].part == 'z') asked = true;
        if (!asked || !in_range(wanted[i].is) || isfinite(got[i].is)) continue;
        describe(c, &wanted[i], text, sizeof text);
        print_error("%s is %g, not %.3g\n", text, got[i].is, wanted[i].is);
        faults++;
        return; /* one of each case is enough */
    }
}

static void check(finite_case c)
{
    for (int flush = 0; flush < 2; flush++) {
        const uint64_t mode = tc_float_mode();
        c.flush = flush;
        const int64_t n = reference(&c, wanted);
        if (flush) tc_flush_denormals();
        const int64_t m = finite_run(&c, got);
        tc_float_mode_set(mode);
        assert_int_equal(n, m);
        assert_true(n < FINITE_MOST);
        compare(&c, n);
    }
}

static void settings(const tc_op *op, const char *spec, const tc_probe *probe)
{
    const bool penalty = op->role == &tc_penalty, scalar = op->role->scalar;
    if (op->role == &tc_constraint) check((finite_case){spec, probe->x, true, 1, TC_SUM, false});
    for (int way = 0; way < 4 && op->role != &tc_constraint; way++)
        for (int reduce = 0; reduce < (scalar ? TC_REDUCES : 1); reduce++) {
            const bool parameter = way & 1, of_rows = reduce == TC_SAMPLE || reduce == TC_POSITION;
            const int copies = way & 2 ? 2 : 1;
            if (!penalty && way) continue;
            if (parameter ? of_rows || op->flags & TC_MIXES : (op->flags & TC_NO_BATCH) != 0) continue;
            if (copies > 1 && (copies > tc_op_inputs(op) || op->of)) continue;
            check((finite_case){spec, probe->x, parameter, copies, reduce, false});
        }
}

/* Whether the small language accepts it: an attribute may already be in the probe's text. */
static bool is_spec(const tc_op *op, const char *text)
{
    const tc_mem mem = tc_mem_of(NULL);
    tc_arg arg[TC_MAX_ATTRS], common[TC_COMMON_ATTRS];
    tc_spec spec;
    tacet_error e;
    if (tc_spec_parse(&spec, &mem, text, &e)) return false;
    const tc_binding binding[] = {{op->attribute, arg}, {op->role->common, common}};
    const bool good = tc_spec_bind(&spec, 2, binding, true, &e) == TACET_OK;
    tc_spec_free(&spec);
    return good;
}

static void vary(const tc_op *op, const tc_probe *probe)
{
    char spec[256];
    settings(op, probe->spec, probe);
    for (const tc_attribute *a = op->attribute; a->name; a++) {
        const char *words = strchr(a->type, '|') ? a->type : strcmp(a->type, "bool") == 0 ? "true|false" : "";
        for (size_t n; *words; words += n + (words[n] == '|')) {
            n = strcspn(words, "|");
            snprintf(spec, sizeof spec, "%s %s=%.*s", probe->spec, a->name, (int)n, words);
            if (is_spec(op, spec)) settings(op, spec, probe);
        }
    }
    for (const tc_limit *l = op->limit; l->needs; l++)
        for (int most = 0; most < 2; most++) {
            const double at = most ? l->most : l->least;
            if (!in_range(at) || (at != 0 && fabs(at) < (double)FLT_MIN)) continue;
            snprintf(spec, sizeof spec, "%s %s=%.17g", probe->spec, op->attribute[l->attribute].name, at);
            if (is_spec(op, spec)) settings(op, spec, probe);
        }
}

static int64_t elements(const tc_probe *p)
{
    int64_t n = 0;
    for (int i = 0; p->x[i]; i++) {
        const tc_shape s = shape_of(p->x[i]);
        n += tc_shape_count(&s);
    }
    return n;
}

static void finite_is_finite(void **state)
{
    (void)state;
    char path[4096];
    const char *build = getenv("TACET_BUILD");
    assert_non_null(build);
    snprintf(path, sizeof path, "%s/tests/finite_reference.so", build);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) fail_msg("%s", dlerror());
    *(void **)&reference = dlsym(library, "finite_reference");
    assert_non_null(reference);
    for (int o = 0; o < tc_op_count(); o++)
        for (const tc_probe *p = tc_op_at(o)->probe; p->spec; p++)
            if (elements(p) <= 160) vary(tc_op_at(o), p);
    dlclose(library);
    assert_int_equal(faults, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finite_is_finite)};
    return cmocka_run_group_tests_name("finite", tests, NULL, NULL);
}
