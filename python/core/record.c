/* record.c: a plan's figures as JSON. */
#include "core.h"

typedef struct asked {
    tacet_plan *plan;
    tacet_stamp stamp;
} asked;

static size_t record_text(const void *of, const char *what, char *text, size_t capacity)
{
    const asked *a = of;
    return tacet_record(a->plan, what, &a->stamp, text, capacity);
}

static PyObject *plan_record(PyObject *self, PyObject *args, PyObject *keys)
{
    static char *names[] = {"what", "epoch", "best_epoch", "seconds", "step_us", "validated", "ema", NULL};
    const char *what, *ema = NULL;
    long long epoch = 0, best = 0;
    double seconds = 0, step_us = 0;
    int validated = 0;
    if (!PyArg_ParseTupleAndKeywords(args, keys, "s|$LLddpz:record", names, &what, &epoch, &best, &seconds, &step_us,
                                     &validated, &ema))
        return NULL;
    asked a = {core_plan_of(self), {sizeof a.stamp, epoch, best, seconds, step_us, validated, ema}};
    if (!a.plan) return NULL;
    PyObject *text = core_written(record_text, &a, what);
    if (!text || PyObject_IsTrue(text)) return text;
    Py_DECREF(text);
    return core_raise(tacet_plan_error(a.plan));
}

PyMethodDef core_record_methods[] = {
    {"record", CORE_FUNCTION(plan_record), CORE_KEYS,
     CORE_DOC(
         "record($self, what, *, epoch=0, best_epoch=0, seconds=0.0, step_us=0.0, validated=False, ema=None)",
         "The plan's figures as a JSON text: \"step\", \"epoch\", \"evaluation\", \"figures\", \"network\" or "
         "\"metrics\". ema: the \"evaluation\" of the averaged weights, which an \"epoch\" and \"figures\" then have.")},
    {0},
};
