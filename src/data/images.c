/* images.c: a folder of pictures, one folder for each class.
 *
 *     DIR/cat/1.png  DIR/cat/2.jpg  DIR/dog/1.png          or DIR/train/cat/... and DIR/test/cat/...
 *
 * Every file is decoded once, on all processors, into bytes [height, width, channels]. Rows are in the byte order of
 * their paths, whatever thread decoded them. */
#include "base/pool.h"
#include "data/data.h"
#include "data/files.h"
#include "data/picture_file.h"
#include "data/words.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIR, SIZE, CHANNELS, SKIP };
static const tc_attribute attribute[] = {
    {"dir", "text", NULL, "holds a folder of pictures for each class, or folders train and test that do", true},
    {"size", "size", "", "28 or 28x40: pictures of other sizes are resized; if not set, all must have one size", false},
    {"channels", "1|3", "3", "1: grey, 3: red, green and blue; pictures of the other kind are converted", false},
    {"skip", "bool", "false", "leave out files that cannot be decoded, and say how many", false},
    {0},
};

typedef struct picture {
    size_t path; /* in paths */
    int32_t label;
    tacet_status status;
} picture;

/* What is in a folder, but not read. */
typedef struct unread {
    int64_t count;
    size_t first; /* of them, in paths */
} unread;

typedef struct folder {
    tc_samples *t;
    tacet_error *e;
    tc_text paths; /* each ended by a NUL */
    picture *picture;
    int64_t count, room;
    tc_words words;
    unread others; /* files that are not pictures by their names */
    unread deeper; /* folders in the folder of a class */
    unread beside; /* pictures beside the folders of classes */
    unread parts;  /* folders beside train and test */
    unread empty;  /* folders of classes without pictures */
    int64_t height, width, channels;
    bool resize, skip, as_model;
} folder;

/* ---- Names ---- */

/* What does not exist, such as the end of a link, is not a folder. */
static tacet_status is_folder(const folder *f, const char *path, bool *is)
{
    struct stat about;
    const bool exists = stat(path, &about) == 0;
    *is = exists && S_ISDIR(about.st_mode);
    return exists || errno == ENOENT || errno == ENOTDIR ? TACET_OK : tc_fail_system(f->e, "read", path);
}

static tacet_status has_folders(const folder *f, const tc_files *files, bool *any)
{
    tacet_status status = TACET_OK;
    *any = false;
    for (int i = 0; i < files->count && !status && !*any; i++) status = is_folder(f, files->path[i], any);
    return status;
}

/* Whether DIR/name holds folders: then it is a part. */
static tacet_status find_part(const folder *f, const char *dir, const char *name, bool *found)
{
    tc_text path = {.mem = f->t->mem};
    tc_files files = {0};
    tc_text_add(&path, "%s/%s", dir, name);
    *found = false;
    tacet_status status = path.failed ? tc_fail_memory(f->e) : TACET_OK;
    if (!status) status = is_folder(f, path.data, found);
    if (!status && *found) status = tc_files_list(&files, &f->t->mem, path.data, f->e);
    if (!status && *found) status = has_folders(f, &files, found);
    tc_files_free(&files);
    tc_text_free(&path);
    return status;
}

static tacet_status add_picture(folder *f, const char *path, int32_t label)
{
    if (f->count == f->room) {
        const int64_t room = 2 * f->room + 256;
        picture *more = tc_resize(&f->t->mem, f->picture, (size_t)room, sizeof *more);
        if (!more) return tc_fail_memory(f->e);
        f->picture = more;
        f->room = room;
    }
    f->picture[f->count++] = (picture){.path = f->paths.length, .label = label};
    tc_text_put(&f->paths, path, strlen(path) + 1);
    return f->paths.failed ? tc_fail_memory(f->e) : TACET_OK;
}

static tacet_status leave(folder *f, unread *u, const char *path)
{
    if (u->count++ > 0) return TACET_OK;
    u->first = f->paths.length;
    tc_text_put(&f->paths, path, strlen(path) + 1);
    return f->paths.failed ? tc_fail_memory(f->e) : TACET_OK;
}

static tacet_status add_files(folder *f, const tc_files *files, int32_t label)
{
    tacet_status status = TACET_OK;
    for (int i = 0; i < files->count && !status; i++) {
        const char *path = files->path[i];
        bool entered;
        status = is_folder(f, path, &entered);
        if (!status && !entered && tc_picture_named(path))
            status = add_picture(f, path, label);
        else if (!status)
            status = leave(f, entered ? &f->deeper : &f->others, path);
    }
    return status;
}

/* The files in the folder of a class. */
static tacet_status add_class(folder *f, const char *path, int32_t label)
{
    tc_files files = {0};
    const int64_t before = f->count;
    tacet_status status = tc_files_list(&files, &f->t->mem, path, f->e);
    if (!status) status = add_files(f, &files, label);
    if (!status && f->count == before) status = leave(f, &f->empty, path);
    tc_files_free(&files);
    return status;
}

/* The number of a class, whose name is that of its folder; -1 if it is not wanted or refused. */
static tacet_status find_class(folder *f, const char *path, int32_t *label)
{
    const char *name = strrchr(path, '/') + 1, *fault = NULL;
    *label = -1;
    if (f->t->x_only) return TACET_OK;
    if (!tc_text_utf8(name)) return tc_fail(f->e, TACET_FILE, "%s: the name of a class should be UTF-8", path);
    *label = tc_words_add(&f->words, name, &fault);
    if (*label >= 0) return TACET_OK;
    return fault ? tc_fail(f->e, TACET_FILE, "%s: the name of the folder %s", path, fault) : tc_fail_memory(f->e);
}

/* The pictures below a folder, and the classes that it names; with `names`, only these. */
static tacet_status list(folder *f, const char *dir, bool names)
{
    tc_files classes = {0};
    bool any = false;
    tacet_status status = tc_files_list(&classes, &f->t->mem, dir, f->e);
    if (!status) status = has_folders(f, &classes, &any);
    for (int i = 0; i < classes.count && !status; i++) {
        int32_t label;
        bool is;
        status = is_folder(f, classes.path[i], &is);
        if (!status && !is && !names && any && tc_picture_named(classes.path[i]))
            status = leave(f, &f->beside, classes.path[i]);
        if (status || !is) continue;
        status = find_class(f, classes.path[i], &label);
        if (!status && !names) status = add_class(f, classes.path[i], label < 0 ? 0 : label);
    }
    const bool without = !status && !names && !any;
    if (without && !f->t->x_only) {
        status = tc_fail(f->e, TACET_FILE, "%s has no folders, and so no classes", dir);
        tc_fail_hint(f->e, "each class has a folder with its pictures: %s/cat/1.png", dir);
    }
    if (without && f->t->x_only) status = add_files(f, &classes, -1);
    tc_files_free(&classes);
    return status;
}

/* Folders that may have been meant as parts, such as val. */
static tacet_status list_others(folder *f, const char *dir)
{
    tc_files all = {0};
    tacet_status status = tc_files_list(&all, &f->t->mem, dir, f->e);
    for (int i = 0; i < all.count && !status; i++) {
        const char *name = strrchr(all.path[i], '/') + 1;
        bool part = false;
        const bool may = access(all.path[i], R_OK | X_OK) == 0; /* lost+found may not be read, and need not */
        if (may && strcmp(name, "train") != 0 && strcmp(name, "test") != 0) status = find_part(f, dir, name, &part);
        if (part) status = leave(f, &f->parts, all.path[i]);
    }
    tc_files_free(&all);
    return status;
}

static tacet_status check_folder(const folder *f, const char *dir)
{
    bool is;
    const tacet_status status = is_folder(f, dir, &is);
    if (status || is || access(dir, F_OK) != 0) return status;
    tc_fail(f->e, TACET_FILE, "%s is not a folder", dir);
    tc_fail_hint(f->e, "images reads the pictures of a folder, even if it has only one");
    return TACET_FILE;
}

static tacet_status list_part(folder *f, const char *dir, bool test)
{
    const tc_json *classes = tc_json_get(f->t->expect, "classes");
    bool train;
    f->words.classes = true;
    tacet_status status = classes ? tc_words_expect(&f->words, classes, f->e) : TACET_OK;
    if (!status) status = check_folder(f, dir);
    if (!status) status = find_part(f, dir, "train", &train);
    if (!status && train) status = find_part(f, dir, "test", &f->t->has_test);
    if (!status && test && !(train && f->t->has_test))
        status = tc_fail(f->e, TACET_FILE, "%s has no folders train and test with a folder for each class", dir);
    if (!status && train && !test) status = list_others(f, dir);
    if (status) return status;
    tc_text path = {.mem = f->t->mem};
    tc_text_add(&path, train ? "%s/train" : "%s", dir);
    if (path.failed) status = tc_fail_memory(f->e);
    /* The classes of the test part are those for training. */
    if (!status && test) {
        if (!classes) status = list(f, path.data, true);
        f->words.known = true;
        path.length = 0;
        tc_text_add(&path, "%s/test", dir);
        if (path.failed) status = tc_fail_memory(f->e);
    }
    if (!status) status = list(f, path.data, false);
    if (!status && f->count == 0) {
        status = tc_fail(f->e, TACET_FILE, "%s has no pictures in its folders", path.data);
        if (f->beside.count)
            tc_fail_hint(f->e, "its own pictures, such as %s, are not read, because it has folders",
                         f->paths.data + f->beside.first);
        else
            tc_fail_hint(f->e, "files are taken for pictures if their names end in .png, .jpg or .jpeg");
    }
    tc_text_free(&path);
    return status;
}

/* ---- Sizes ---- */

static const char *path_of(const folder *f, int64_t i) { return f->paths.data + f->picture[i].path; }

/* Resizing and channels as the attributes say; without them as the model's data were read. */
static tacet_status choose(folder *f, const tc_spec *spec, const tc_arg *arg)
{
    const tc_json *image = tc_json_get(f->t->expect, "image"), *one = tc_json_first(image);
    double learned[3] = {0};
    size_t i;
    if (tc_json_size(image) == 3) tc_json_each(image, i, one) learned[i] = tc_json_number(one);
    const int64_t own = arg[CHANNELS].number > 0 ? 3 : 1;
    f->channels = learned[2] == 1 || learned[2] == 3 ? (int64_t)learned[2] : own;
    if (arg[CHANNELS].given && f->channels != own)
        return tc_refuse(f->e, spec->source, arg[CHANNELS].column, arg[CHANNELS].width,
                         "the model takes images with channels=%d", (int)f->channels);
    f->skip = arg[SKIP].number > 0;
    f->resize = arg[SIZE].given;
    f->height = (int64_t)arg[SIZE].number;
    f->width = (int64_t)arg[SIZE].second;
    if (f->resize && (f->height < 1 || f->width < 1 || f->height > TC_MAX_SIDE || f->width > TC_MAX_SIDE))
        return tc_refuse(f->e, spec->source, arg[SIZE].column, arg[SIZE].width, "size should be from 1x1 to %dx%d",
                         TC_MAX_SIDE, TC_MAX_SIDE);
    const bool fits = learned[0] >= 1 && learned[1] >= 1 && learned[0] <= TC_MAX_SIDE && learned[1] <= TC_MAX_SIDE;
    if (!f->resize && fits) {
        f->as_model = true;
        f->resize = tc_json_get(f->t->expect, "resized") != NULL;
        f->height = (int64_t)learned[0];
        f->width = (int64_t)learned[1];
    }
    return TACET_OK;
}

/* Without size=, the first picture that can be read says how large all are. */
static tacet_status measure(folder *f)
{
    tacet_status status = TACET_OK;
    for (int64_t i = 0; i < f->count && f->height == 0; i++) {
        tc_picture p = {.channels = (int)f->channels, .header = true};
        status = tc_picture_read(&p, path_of(f, i), &f->t->mem, f->e);
        if (status && !(status == TACET_FILE && f->skip)) return status;
        f->height = p.height;
        f->width = p.width;
    }
    return f->height == 0 ? status : TACET_OK;
}

static tacet_status reserve(folder *f, const tc_spec *spec)
{
    tc_array *x = &f->t->x, *y = &f->t->y;
    x->type = TACET_U8;
    if (!tc_array_sizes(x, 4, (int64_t[]){f->count, f->height, f->width, f->channels}))
        return tc_fail(f->e, TACET_FILE, "%s: %" PRId64 " pictures of %" PRId64 " x %" PRId64 " are too many bytes",
                       spec->name, f->count, f->height, f->width);
    x->data = tc_resize(&f->t->mem, NULL, (size_t)f->count, (size_t)tc_shape_count(&x->shape));
    if (!x->data) return tc_fail_memory(f->e);
    if (f->t->x_only) return TACET_OK;
    y->type = TACET_I32;
    y->rows = f->count;
    y->data = tc_resize(&f->t->mem, NULL, (size_t)f->count, sizeof(int32_t));
    return y->data ? TACET_OK : tc_fail_memory(f->e);
}

/* ---- Decoding ---- */

/* What happened to a file, the first of its kind in the order of the files; -1: nothing. */
typedef struct mishap {
    int64_t at;
    tacet_error why;
} mishap;

typedef struct shared {
    folder *f;
    pthread_mutex_t lock;   /* the hook of the data may only be called by one thread at a time */
    mishap damaged, failed; /* in the file, which `skip` allows for; elsewhere */
} shared;

static void *resize_locked(void *context, void *old, size_t size)
{
    shared *s = context;
    pthread_mutex_lock(&s->lock);
    const tc_mem *m = &s->f->t->mem;
    void *block = m->resize(m->context, old, size);
    pthread_mutex_unlock(&s->lock);
    return block;
}

static tacet_status decode(folder *f, int64_t i, const tc_mem *m, tacet_error *e)
{
    tc_picture p = {.channels = (int)f->channels};
    unsigned char *to = (unsigned char *)f->t->x.data + i * tc_shape_count(&f->t->x.shape);
    tacet_status status = tc_picture_read(&p, path_of(f, i), m, e);
    if (!status && !f->resize && (p.height != f->height || p.width != f->width)) {
        status = tc_fail(e, TACET_DESCRIPTION, "%s has %" PRId64 " x %" PRId64 " pixels, but %s %" PRId64 " x %" PRId64,
                         path_of(f, i), p.height, p.width, f->as_model ? "the model takes" : "the first picture has",
                         f->height, f->width);
        tc_fail_hint(e, "size=%" PRId64 "x%" PRId64 " resizes pictures of other sizes", f->height, f->width);
    } else if (!status && !tc_picture_fit(&p, f->height, f->width, to)) {
        status = tc_fail_memory(e);
    }
    tc_picture_free(&p);
    return status;
}

static void decode_part(void *job, int64_t i, int lane)
{
    (void)lane;
    shared *s = job;
    tacet_error e = {0};
    const tc_mem locked = {resize_locked, s};
    const tacet_status status = s->f->picture[i].status = decode(s->f, i, &locked, &e);
    if (!status) return;
    mishap *m = status == TACET_FILE ? &s->damaged : &s->failed;
    pthread_mutex_lock(&s->lock);
    if (m->at < 0 || i < m->at) *m = (mishap){i, e};
    pthread_mutex_unlock(&s->lock);
}

static tacet_status decode_all(folder *f, shared *s)
{
    enum { FEW = 8, MOST = 64 }; /* pictures that are not worth starting threads for; threads */
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const int threads = f->count < FEW || processors < 2 ? 1 : processors > MOST ? MOST : (int)processors;
    tacet_pool *pool = threads > 1 ? tc_pool_new(threads, &f->t->mem, f->e) : NULL;
    if (threads > 1 && !pool) return f->e ? f->e->status : TACET_MEMORY;
    tc_pool_run(pool, f->count, decode_part, s);
    tacet_pool_free(pool);
    return TACET_OK;
}

/* Takes the rows that were decoded together. */
static tacet_status gather(folder *f, const shared *s)
{
    tc_samples *t = f->t;
    const int64_t n = tc_shape_count(&t->x.shape);
    int64_t rows = 0;
    for (int64_t i = 0; i < f->count; i++) {
        if (f->picture[i].status) continue;
        if (rows < i) memmove((char *)t->x.data + rows * n, (char *)t->x.data + i * n, (size_t)n);
        f->picture[rows++] = f->picture[i];
    }
    const mishap *m = s->failed.at >= 0 ? &s->failed : &s->damaged;
    if (m->at >= 0 && (m == &s->failed || !f->skip || rows == 0)) {
        if (f->e) *f->e = m->why;
        if (m == &s->damaged && !f->skip) tc_fail_hint(f->e, "skip=true leaves out files that cannot be decoded");
        return m->why.status;
    }
    const int64_t damaged = f->count - rows;
    if (m->at >= 0)
        tc_text_add(&t->remarks, "images: %" PRId64 " of %" PRId64 " files cannot be decoded and %s left out: %s%s\n",
                    damaged, f->count, damaged > 1 ? "are" : "is", m->why.message, damaged > 1 ? ", ..." : "");
    f->count = t->x.rows = rows;
    return TACET_OK;
}

/* ---- Labels ---- */

/* As those of a column of words: words in the order of their bytes, whole numbers as they are. */
static tacet_status set_labels(folder *f)
{
    tc_samples *t = f->t;
    const tc_words *w = &f->words;
    if (t->x_only) return TACET_OK;
    int32_t *label = t->y.data, *place = tc_alloc(&t->mem, (size_t)w->count, sizeof *place);
    if (!place) return tc_fail_memory(f->e);
    if (!w->numbers) tc_words_places(w, place);
    t->words = !w->numbers;
    t->classes = w->numbers ? 0 : w->count;
    for (int32_t i = 0; w->numbers && i < w->count; i++)
        if (w->word[i].number >= t->classes) t->classes = (int64_t)w->word[i].number + 1;
    for (int64_t i = 0; i < f->count; i++) label[i] = w->numbers ? f->picture[i].label : place[f->picture[i].label];
    t->y.rows = f->count;
    tc_free(&t->mem, place);
    if (!t->expect && t->words) tc_words_write(w, "classes", &t->schema);
    return TACET_OK;
}

/* "images: 2 folders are left out, as ...: a/b, ..." */
static void say(folder *f, const unread *u, const char *what, const char *why)
{
    if (u->count)
        tc_text_add(&f->t->remarks, "images: %" PRId64 " %s%s left out, %s: %s%s\n", u->count, what,
                    u->count > 1 ? "s are" : " is", why, f->paths.data + u->first, u->count > 1 ? ", ..." : "");
}

static void say_unread(folder *f)
{
    const unread *empty = &f->empty;
    say(f, &f->others, "file", "as only .png, .jpg and .jpeg files are read");
    say(f, &f->deeper, "folder", "as folders in the folder of a class are not read");
    say(f, &f->beside, "file", "as pictures should be in the folder of their class");
    say(f, &f->parts, "folder", "as the parts are the folders train and test");
    if (empty->count && !f->t->expect && !f->t->x_only)
        tc_text_add(&f->t->remarks, "images: %" PRId64 " class%s no pictures: %s%s\n", empty->count,
                    empty->count > 1 ? "es have" : " has", f->paths.data + empty->first,
                    empty->count > 1 ? ", ..." : "");
}

/* The paths of the rows. */
static tacet_status set_ids(folder *f)
{
    tc_samples *t = f->t;
    t->id = tc_alloc(&t->mem, (size_t)f->count, sizeof *t->id);
    if (!t->id) return tc_fail_memory(f->e);
    for (int64_t i = 0; i < f->count; i++) t->id[i] = f->picture[i].path;
    t->ids = f->paths;
    f->paths = (tc_text){.mem = t->mem};
    return TACET_OK;
}

static tacet_status finish(folder *f)
{
    tc_samples *t = f->t;
    tacet_status status = set_labels(f);
    t->pixels = true;
    say_unread(f);
    if (!status) status = set_ids(f);
    if (t->expect || status) return status;
    if (f->words.count == 1 && !t->x_only)
        tc_text_add(&t->remarks, "images: all pictures are in one folder, and so of one class\n");
    tc_json_open(&t->schema, "image", '[');
    for (int i = 0; i < 3; i++) tc_json_add_integer(&t->schema, NULL, t->x.shape.dim[i]);
    tc_json_close(&t->schema, ']');
    if (f->resize) tc_json_add_integer(&t->schema, "resized", 1);
    return TACET_OK;
}

static tacet_status read_part(tc_samples *t, const tc_spec *spec, const tc_arg *arg, bool test, tacet_error *e)
{
    folder f = {.t = t, .e = e, .paths.mem = t->mem, .words.text.mem = t->mem};
    shared s = {.f = &f, .damaged.at = -1, .failed.at = -1};
    pthread_mutex_init(&s.lock, NULL);
    tacet_status status = choose(&f, spec, arg);
    if (!status) status = list_part(&f, arg[DIR].text, test);
    if (!status) status = measure(&f);
    if (!status) status = reserve(&f, spec);
    if (!status) status = decode_all(&f, &s);
    if (!status) status = gather(&f, &s);
    if (!status) status = finish(&f);
    pthread_mutex_destroy(&s.lock);
    tc_words_free(&f.words);
    tc_text_free(&f.paths);
    tc_free(&t->mem, f.picture);
    return status;
}

const tc_source tc_source_images = {
    .name = "images",
    .formula = "images DIR [size=HxW] [channels=1]",
    .doc =
        "PNG and JPEG files in a folder for each class, DIR/cat/1.png, fed as [height, width, channels]. If DIR has a "
        "folder train with such folders, that is the training part, and DIR/test is the test part.",
    .source = "the layout of torchvision.datasets.ImageFolder",
    .attribute = attribute,
    .has_test = true,
    .open = read_part,
};
