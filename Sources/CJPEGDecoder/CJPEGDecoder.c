#include "CJPEGDecoder.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

// Progressive files have about ten scans. A small file with thousands of scans would take hours.
static const int maximum_scans = 100;

struct decompression {
  struct jpeg_decompress_struct info;  // the first member: libjpeg passes its address
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf failed;
  char *message;
};

static _Noreturn void fail(j_common_ptr info) {
  struct decompression *state = (struct decompression *)info;
  info->err->format_message(info, state->message);
  longjmp(state->failed, 1);
}

// Called for warnings (level -1) and traces. A warning means that samples are missing or made up, except for bytes
// between segments, which some cameras write, and for invalid metadata.
static void emit(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
      return;
    default:
      fail(info);
  }
}

static void count_scans(j_common_ptr info) {
  struct decompression *state = (struct decompression *)info;
  if (state->info.input_scan_number <= maximum_scans) return;
  snprintf(state->message, JMSG_LENGTH_MAX, "more than %d scans", maximum_scans);
  longjmp(state->failed, 1);
}

static int32_t channels(J_COLOR_SPACE space) {
  switch (space) {
    case JCS_GRAYSCALE: return 1;
    case JCS_RGB:
    case JCS_YCbCr: return 3;
    case JCS_CMYK:
    case JCS_YCCK: return 4;
    default: return 0;
  }
}

// `samples` is null to read the header only.
static _Bool run(
    struct decompression *state, const uint8_t *file, size_t size, struct atelier_jpeg *image, uint8_t *samples) {
  if (setjmp(state->failed)) return 0;
  struct jpeg_decompress_struct *info = &state->info;
  jpeg_create_decompress(info);
  jpeg_mem_src(info, file, size);
  jpeg_read_header(info, TRUE);
  if (!samples) {
    image->height = (int32_t)info->image_height;
    image->width = (int32_t)info->image_width;
    image->channels = channels(info->jpeg_color_space);
    return 1;
  }
  info->progress = &state->progress;
  info->out_color_space = image->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  info->dct_method = JDCT_ISLOW;
  info->do_block_smoothing = FALSE;
  jpeg_start_decompress(info);
  if (info->output_height != (JDIMENSION)image->height || info->output_width != (JDIMENSION)image->width ||
      info->output_components != image->channels) {
    snprintf(state->message, JMSG_LENGTH_MAX, "its size or color differs from the header");
    return 0;
  }
  const size_t row_length = (size_t)image->width * (size_t)image->channels;
  while (info->output_scanline < info->output_height) {
    JSAMPROW row = samples + info->output_scanline * row_length;
    jpeg_read_scanlines(info, &row, 1);
  }
  jpeg_finish_decompress(info);
  return 1;
}

static _Bool decompress(const uint8_t *file, size_t size, struct atelier_jpeg *image, uint8_t *samples) {
  struct decompression state;
  memset(&state, 0, sizeof state);
  memset(image->message, 0, sizeof image->message);
  state.message = image->message;
  state.info.err = jpeg_std_error(&state.errors);
  state.errors.error_exit = fail;
  state.errors.emit_message = emit;
  state.progress.progress_monitor = count_scans;
  const _Bool is_valid = run(&state, file, size, image, samples);
  jpeg_destroy_decompress(&state.info);
  return is_valid;
}

#define TEXT_OF(macro) TEXT_OF_TOKENS(macro)
#define TEXT_OF_TOKENS(tokens) #tokens

const char *atelier_jpeg_version(void) {
  return TEXT_OF(LIBJPEG_TURBO_VERSION);
}

_Bool atelier_jpeg_read_header(const uint8_t *file, size_t size, struct atelier_jpeg *image) {
  return decompress(file, size, image, NULL);
}

_Bool atelier_jpeg_decode(const uint8_t *file, size_t size, struct atelier_jpeg *image, uint8_t *samples) {
  return decompress(file, size, image, samples);
}
