/* nearest.h: the candidate that an unknown word was meant for. */
#ifndef TC_NEAREST_H
#define TC_NEAREST_H

/* The candidate that the word is but for case; otherwise the one that PyTorch or Keras call so; otherwise the nearest, if it
 * is near enough (edit distance at most a third of the length, at least 1, and less than the length); otherwise the first
 * that begins with the word; otherwise NULL. next(context, i) gives candidate i, NULL at the end. */
const char *tc_nearest(const char *word, const char *(*next)(const void *context, int i), const void *context);

#endif
