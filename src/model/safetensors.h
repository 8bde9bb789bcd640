/* safetensors.h: the file format of models and checkpoints.
 *
 *     | n: 8 bytes, little-endian | header: n bytes of JSON, ends in spaces | data: tensor after tensor, without gaps |
 *
 *     {"__metadata__": {"key": "text", ...}, "linear1.weight": {"dtype": "F32", "shape": [512, 784],
 *      "data_offsets": [0, 1605632]}, ...}          offsets in bytes, from the beginning of the data
 *
 * The format: https://huggingface.co/docs/safetensors (its limit of 100 MB for the header is kept too). */
#ifndef TC_SAFETENSORS_H
#define TC_SAFETENSORS_H

#include "base/dtype.h"
#include "base/json.h"
#include "base/shape.h"
#include "base/status.h"

enum { TC_HEADER_MAX = 100000000 };

typedef struct tc_tensor {
    const char *name;
    tc_shape shape;     /* a size may be 0 here */
    int64_t count;      /* elements */
    int64_t begin, end; /* in the data, bytes */
    const char *stored; /* its type, "BF16" */
    const tc_dtype *dtype;
    float *data; /* as float32; NULL: it cannot be read, because of its type or because it has too many sizes */
} tc_tensor;

/* A file that was read. The header owns names and notes. */
struct tacet_file {
    tc_mem mem;
    char *path;
    char *text;           /* of the header */
    tc_json *header;      /* the same, parsed */
    const tc_json *notes; /* in the header; NULL: none */
    int tensors;
    tc_tensor *tensor; /* in the order of the data */
    float *data;       /* all that can be read */
};

/* "tensor a is F4 [2, 3], which cannot be read": refuses it where it is needed. */
tacet_status tc_tensor_refuse(const tc_tensor *t, const char *path, tacet_error *e);

/* Reads path into f, which must be zeroed except for mem; on failure f keeps what was read so far. TACET_IO if the
 * system cannot open or read the file, TACET_FILE if the file is not valid. */
tacet_status tc_safetensors_read(tacet_file *f, const char *path, tacet_error *e);

/* What to write: notes, as members that tc_json_add_text has written (NULL: none), and tensors in order (only name and
 * shape are read). fill writes the `count` numbers of tensor i into `to`, in the order of the file. */
typedef struct tc_outline {
    const char *notes;
    int tensors;
    const tc_tensor *tensor;
    void (*fill)(const void *context, int i, float *to);
    const void *context;
} tc_outline;

/* Writes a temporary file, syncs it, renames it to path, syncs the folder: path is the old file or the complete new one,
 * and on failure the temporary file is removed. The bytes depend only on the outline. Bytes that are not UTF-8 are written
 * as U+FFFD. Of several writers at the same time, the last to end decides. */
tacet_status tc_safetensors_write(const tc_mem *m, const char *path, const tc_outline *o, tacet_error *e);

#endif
