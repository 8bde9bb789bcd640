/* mapping.c: arrays that stay in their file, which is mapped, and how the memory of an array is given back.
 *
 * A file is mapped twice, because the kernel is told for each mapping how it will be read: in order, far ahead, or row
 * by row from anywhere, without the pages around each. (Drawing 256 rows of 4 KB from 40 GB took 400 ms from a mapping
 * that was told nothing, 3 ms from one that was.)
 *
 * The length of the file is compared with its header before it is mapped. If it is cut off later, reading a row beyond
 * its new end raises SIGBUS. No check prevents that, and a library must leave signals alone: tacet.h says so, and the
 * program catches the signal (cli/lost_file.c). */
#include "data/array.h"

#include <sys/mman.h>
#include <unistd.h>

/* Maps the file up to its end; false if that cannot be done. */
static bool map(tc_array *a, const tc_reader *r, size_t size)
{
    for (int i = 0; i < 2; i++) {
        void *at = mmap(NULL, size, PROT_READ, MAP_SHARED, r->file, 0);
        if (at == MAP_FAILED) return false;
        a->map[i] = at;
        a->mapped = size;
    }
    posix_madvise(a->map[TC_DRAWN], size, POSIX_MADV_RANDOM);
    return true;
}

static void unmap(tc_array *a)
{
    for (int i = 0; i < 2; i++)
        if (a->map[i]) munmap(a->map[i], a->mapped);
    a->map[TC_IN_ORDER] = a->map[TC_DRAWN] = NULL;
    a->mapped = 0;
}

tacet_status tc_array_map(tc_array *a, tc_reader *r)
{
    const size_t width = tc_type_size(a->type), n = (size_t)(a->rows * tc_shape_count(&a->shape)) * width;
    const size_t begin = (size_t)r->taken;
    if (tc_reader_left(r, n, TC_ARRAY_NUMBERS)) return r->status;
    /* Read, not mapped: compressed files, parts of files, pipes, and numbers that are not aligned. */
    if (r->size < 0 || r->part || begin % width != 0 || !map(a, r, begin + n)) {
        unmap(a);
        return tc_array_read(a, r, width);
    }
    a->data = (char *)a->map[TC_IN_ORDER] + begin;
    return TACET_OK;
}

void tc_array_warm(const tc_array *a)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    size_t all = 0;
    for (int i = 0; i < a->parts; i++) all += a->part[i].mapped;
    if (pages < 0 || page < 0 || all / (size_t)page > (size_t)pages / 2) return;
    for (int i = 0; i < a->parts; i++)
        if (a->part[i].mapped) posix_madvise(a->part[i].map[TC_IN_ORDER], a->part[i].mapped, POSIX_MADV_WILLNEED);
}

void tc_array_free(tc_array *a, const tc_mem *m)
{
    for (int i = 0; i < a->parts; i++) tc_array_free(&a->part[i], m);
    if (!a->part && !a->map[TC_IN_ORDER] && !a->borrowed) tc_free(m, a->data);
    tc_free(m, a->part);
    unmap(a);
    *a = (tc_array){0};
}
