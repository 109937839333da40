// Decodes JPEG files by libjpeg-turbo. Its errors are returned as text: libjpeg reports them by setjmp and longjmp,
// which must not cross Swift code.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct atelier_jpeg {
  int32_t height;
  int32_t width;
  // 1: gray. 3: RGB or YCbCr. 4: CMYK or YCCK, which are not decoded. 0: any other color space, not decoded either.
  int32_t channels;
  // The reason for a failure, zero-terminated.
  char message[200];
};

// Returns the version of libjpeg-turbo.
const char *atelier_jpeg_version(void);

// Reads the header of a file. Returns whether it is valid; else sets `message`.
_Bool atelier_jpeg_read_header(const uint8_t *file, size_t size, struct atelier_jpeg *image);

// Decodes a file whose header has been read into `image`: gray, or RGB. The accurate integer transform is used, so that
// the samples are the same on every processor. Returns whether the file is complete and undamaged; else sets `message`.
//   samples: (height, width, channels)
_Bool atelier_jpeg_decode(const uint8_t *file, size_t size, struct atelier_jpeg *image, uint8_t *samples);
