/* save.c: a model to a file. */
#include "model/model.h"

tacet_status tacet_save(const tacet_plan *p, const char *path, int notes, const tacet_note *note, tacet_error *why)
{
    tc_bundle b = {.mem = p->mem, .plan = p};
    tc_bundle_model(&b);
    return tc_bundle_write(&b, path, notes, note, why);
}
