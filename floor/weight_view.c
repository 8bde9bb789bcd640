/* weight_view.c: derives strides from the letters of a weight's dimensions. */
#include "weight_view.h"

#include <string.h>

bool cli_weight_view(const char *axes, int rank, const int64_t *shape, const float *w, cli_weight *to)
{
    const bool known = (int)strlen(axes) == rank;
    int64_t pitch = 1;
    bool taps = false; /* one has been met; the last is the width of the kernel */
    *to = (cli_weight){.w = w, .units = 1, .inputs = 1, .taps = 1, .across = 1, .groups = 1};
    for (int k = rank - 1; k >= 0; pitch *= shape[k--]) {
        const char letter = known ? axes[k] : k == 0 ? 'o' : k == 1 ? 'i' : 't';
        if (shape[k] < 1) return false;
        if (letter == 'o') {
            to->units = shape[k], to->unit = pitch;
        } else if (letter == 'i') {
            to->inputs = shape[k], to->input = pitch;
        } else { /* tap dimensions are adjacent: the stride of the last one is that of all taps */
            if (to->taps == 1) to->tap = pitch;
            if (!taps) to->across = shape[k];
            taps = true;
            to->taps *= shape[k];
        }
    }
    return rank >= 2;
}

bool cli_weight_in(const tacet_file *f, const tacet_graph *g, int i, cli_weight *to)
{
    const char *name;
    const int64_t *shape;
    const float *w;
    int rank;
    if (tacet_file_tensor(f, i, &name, &rank, &shape, &w) != TACET_OK || !w) return false;
    const bool good = cli_weight_view(tacet_axes(g, name), rank, shape, w, to);
    to->name = name;
    if (tacet_groups(g, name) > 0) to->groups = tacet_groups(g, name);
    return good;
}

bool cli_weight_is_empty(const cli_weight *w, bool input, int64_t k)
{
    const int64_t readers = w->units / w->groups, first = input ? k / w->inputs * readers : 0;
    const int64_t others = input ? readers : w->inputs;
    for (int64_t j = 0; j < others; j++)
        for (int64_t t = 0; t < w->taps; t++)
            if (cli_weight_at(w, input ? first + j : k, input ? k % w->inputs : j, t) != 0.0f) return false;
    return true;
}
