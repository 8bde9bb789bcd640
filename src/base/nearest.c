/* nearest.c: what a word that is not known was meant for: by what PyTorch or Keras call it, or by its letters. */
#include "base/nearest.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { MAX_WORD = 64, BEGINNING = 3 /* letters of a word that may be the beginning of another */ };

static int lower(char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; }

/* The number of edits that turn a into b: a letter inserted, deleted or changed, or two neighbours swapped (optimal
 * string alignment). Case is ignored; words of MAX_WORD letters or more count as far apart. */
static int distance(const char *a, const char *b)
{
    const size_t n = strlen(a), m = strlen(b);
    if (n >= MAX_WORD || m >= MAX_WORD) return MAX_WORD;
    int row[3][MAX_WORD + 1]; /* rows i - 2, i - 1, i of the table, in turn */
    for (size_t j = 0; j <= m; j++) row[0][j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int *now = row[i % 3], *up = row[(i + 2) % 3], *two = row[(i + 1) % 3];
        now[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int best = up[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
            if (up[j] + 1 < best) best = up[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two[j - 2] + 1 < best)
                best = two[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[n % 3][m];
}

/* What PyTorch or Keras call a thing, in lower case, and what it is called here; the first whose name here is a candidate
 * counts. Only pairs that are too unlike to be found by their letters, or nearer to something else. */
static const char *const elsewhere[][2] = {
    {"dense", "linear"},
    {"swish", "silu"},
    {"hardtanh", "clip"},
    {"unflatten", "reshape"},
    {"zeropad2d", "pad"},
    {"zeropadding2d", "pad"},
    {"averagepooling2d", "avg_pool2d"},
    {"globalaveragepooling2d", "global_avg_pool"},
    {"mae", "l1_loss"},
    {"auc", "roc_auc"},
    {"nll_loss", "cross_entropy"},
    {"nllloss", "cross_entropy"},
    {"categorical_crossentropy", "cross_entropy"},
    {"sparse_categorical_crossentropy", "cross_entropy"},
    {"binary_crossentropy", "bce_with_logits"},
    {"bcewithlogitsloss", "bce_with_logits"},
    {"smooth_l1", "huber"},
    {"smooth_l1_loss", "huber"},
    {"smoothl1loss", "huber"},
    {"kldivloss", "kl_div"},
    {"weight", "class_weight"},
    {"weight", "sample_weight"},
    {"ignore_index", "ignore"},
    {"ignore_class", "ignore"},
    {"reduction", "reduce"},
    {"units", "out"},
    {"out_features", "out"},
    {"out_channels", "out"},
    {"filters", "out"},
    {"kernel_size", "k"},
    {"pool_size", "k"},
    {"use_bias", "bias"},
    {"rate", "p"},
    {"negative_slope", "slope"},
    {"epsilon", "eps"},
    {"rho", "alpha"},
    {"learning_rate", "lr"},
    {"max_lr", "lr"},
    {"factor", "gamma"},
    {"factor", "drop"},
    {"max_norm", "clip_norm"},
    {"global_clipnorm", "clip_norm"},
    {"early_stopping", "patience"},
    {"earlystopping", "patience"},
    {"gradient_accumulation", "accumulate"},
    {"gradient_accumulation_steps", "accumulate"},
    {"ema_decay", "ema"},
    {"ema_momentum", "ema"},
    {"validation_split", "validate"},
};

/* The candidate that is called `word` elsewhere. Of dotted names the last parts are compared, within one group. */
static const char *known_elsewhere(const char *word, const char *(*next)(const void *context, int i), const void *context)
{
    const char *dot = strrchr(word, '.'), *own = dot ? dot + 1 : word, *candidate;
    for (size_t k = 0; k < sizeof elsewhere / sizeof *elsewhere; k++) {
        if (strcasecmp(own, elsewhere[k][0]) != 0) continue;
        for (int i = 0; (candidate = next(context, i)); i++) {
            const char *end = strrchr(candidate, '.'), *last = end ? end + 1 : candidate;
            const ptrdiff_t head = dot ? dot - word : 0;
            const bool same = !dot || (end && end - candidate == head && strncmp(word, candidate, (size_t)head) == 0);
            if (same && strcmp(last, elsewhere[k][1]) == 0) return candidate;
        }
    }
    return NULL;
}

const char *tc_nearest(const char *word, const char *(*next)(const void *context, int i), const void *context)
{
    const size_t length = strlen(word);
    const int limit = length < 3 ? (int)length - 1 : (int)(length < 3 * MAX_WORD ? length / 3 : MAX_WORD - 1);
    const char *nearest = NULL, *begins = NULL;
    int best = limit + 1;
    const char *candidate;
    for (int i = 0; (candidate = next(context, i)); i++) {
        const int d = distance(word, candidate);
        if (d < best) best = d, nearest = candidate;
        if (!begins && length >= BEGINNING && strncasecmp(word, candidate, length) == 0) begins = candidate;
    }
    const char *known = best == 0 ? NULL : known_elsewhere(word, next, context);
    return known ? known : nearest ? nearest : begins;
}
