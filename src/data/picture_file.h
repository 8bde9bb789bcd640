/* picture_file.h: one PNG or JPEG file as bytes [height, width, channels].
 *
 * A format is a decoder, picture_png.c or picture_jpeg.c, and a line in picture_file.c. libpng and libjpeg are not needed to
 * build Tacet; without one of them, the decoder refuses its files and says why. */
#ifndef TC_PICTURE_FILE_H
#define TC_PICTURE_FILE_H

#include "data/reader.h"

enum { TC_MAX_SIDE = 1 << 16, TC_MAX_PIXELS = 1 << 26 };

/* Zero-initialise, except what is wanted. */
typedef struct tc_picture {
    int channels; /* wanted: 1 grey, 3 red, green and blue */
    bool header;  /* only the size is wanted */
    int64_t height, width;
    unsigned char *pixels; /* [height, width, channels]; NULL with `header`. Owned, also after a failure */
    tc_mem mem;
} tc_picture;

/* Whether a file should be a picture by the end of its name. */
bool tc_picture_named(const char *path);

/* Reads a file. A damaged one, one that ends early and one of another kind are refused: TACET_FILE. */
tacet_status tc_picture_read(tc_picture *p, const char *path, const tc_mem *m, tacet_error *e);
void tc_picture_free(tc_picture *p);

/* Resizes the picture into to[height, width, channels]; false if memory is short. */
bool tc_picture_fit(const tc_picture *p, int64_t height, int64_t width, unsigned char *to);

/* ---- For decoders ---- */

/* Reads the picture that the reader is at the beginning of. On failure the reader has the error. */
typedef tacet_status tc_picture_decoder(tc_picture *p, tc_reader *r);
tc_picture_decoder tc_picture_png, tc_picture_jpeg;

/* Sets the size and reserves pixels for so many channels. False if it is refused, or memory is short. */
bool tc_picture_size(tc_picture *p, tc_reader *r, uint64_t height, uint64_t width, int channels);

/* Pixels of three channels, which become one: the luma of ITU-R BT.601, as JPEG has it. */
void tc_picture_grey(tc_picture *p);

#endif
