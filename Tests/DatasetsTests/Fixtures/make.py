#!/usr/bin/env python3
"""Makes the image files in this folder (needs numpy and Pillow; Pillow's own decoders give the expected pixels).

NAME.png holds the expected pixels of NAME.jpg or NAME.webp, and NAME.pnm those of NAME.png.
"""
import io
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps, features

FOLDER = pathlib.Path(__file__).parent
assert features.check("libjpeg_turbo") and features.check("webp")


def picture(height, width, channels=3):
    """Returns smooth shapes with some noise, which photographs resemble."""
    random = np.random.default_rng(height * 1000 + width)
    y, x = np.mgrid[:height, :width]
    planes = [128 + 100 * np.sin((c + 1) * x / 5) * np.cos((c + 2) * y / 7) for c in range(channels)]
    pixels = np.dstack(planes) + random.normal(0, 12, (height, width, channels))
    return np.clip(pixels, 0, 255).astype(np.uint8)


def image(height, width, channels=3):
    return Image.fromarray(picture(height, width, channels).squeeze())


def save(name, picture, **options):
    picture.save(FOLDER / name, **options)
    return FOLDER / name


def expect(path, channels="RGB"):
    with Image.open(path) as file:
        ImageOps.exif_transpose(file.convert(channels) if file.mode != channels else file).save(path.with_suffix(".png"))


def orientation(value, byte_order="MM"):
    exif = Image.Exif()
    exif.endian = "<" if byte_order == "II" else ">"
    exif[0x0112] = value
    return exif


def on_white(pixels):
    """Blends RGBA pixels onto white, rounded."""
    samples, alpha = pixels[..., :3].astype(int), pixels[..., 3:].astype(int)
    return ((samples * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def kind(name, content, **options):
    """Makes a PNG file of an image, or of bytes, and its pixels on white as Pillow decodes them."""
    path = FOLDER / f"png-{name}.png"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content.save(path, **options)
    with Image.open(path) as file:
        is_gray = file.mode in ("1", "L", "LA", "I;16")
        if file.mode == "I;16":
            pixels = ((np.asarray(file).astype(int) * 255 + 32767) // 65535).astype(np.uint8)
        else:
            pixels = on_white(np.asarray(file.convert("RGBA")))
            pixels = pixels[..., 0] if is_gray else pixels
    Image.fromarray(pixels).save(path.with_suffix(".pnm"), format="PPM")


def interlaced(pixels, color_type):
    """Returns a PNG file of 8-bit samples with Adam7 interlacing, which Pillow cannot write."""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = [pixels[y::down, x::right] for y, x, down, right in passes]
    data = b"".join(b"\0" + row.tobytes() for part in parts if part.size for row in part)

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, color_type, 0, 0, 1)
    end = chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + end


for path in FOLDER.glob("*.*"):
    if path.suffix != ".py":
        path.unlink()
expect(save("gray.jpg", image(17, 23, 1), quality=85), "L")
for name, options in {
    "full": {"subsampling": "4:4:4"},
    "half": {"subsampling": "4:2:2"},
    "quarter": {"subsampling": "4:2:0", "quality": 50},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 1},
}.items():
    expect(save(f"{name}.jpg", image(19, 37), **options))
for value in range(1, 9):
    path = save(f"orientation{value}.jpg", image(9, 14), exif=orientation(value, "II" if value % 2 else "MM"))
    with Image.open(path) as file:
        ImageOps.exif_transpose(file).save(path.with_suffix(".png"))
save("cmyk.jpg", image(8, 8).convert("CMYK"))
expect(save("lossless.webp", image(13, 21), lossless=True))
expect(save("lossy.webp", image(24, 31), quality=70))
transparent = np.dstack([picture(12, 15), picture(12, 15, 1) // 2 + 60])
expect(save("transparent.webp", Image.fromarray(transparent, "RGBA"), lossless=True, exact=True), "RGBA")
save("animated.webp", image(8, 8), save_all=True, append_images=[image(8, 9).resize((8, 8))], lossless=True)
gray_alpha = np.dstack([picture(11, 13, 1), picture(11, 14, 1)[:, :13]])
kind("bilevel", image(9, 13, 1).convert("1"))
sixteen_bits = picture(11, 13, 1).squeeze().astype(np.uint16) * 257 + np.arange(13, dtype=np.uint16)
kind("sixteen-bits", Image.fromarray(sixteen_bits))
kind("gray-alpha", Image.fromarray(gray_alpha, "LA"))
kind("rgb-alpha", Image.fromarray(transparent, "RGBA"))
kind("gray-transparent-color", image(11, 13, 1), transparency=int(picture(11, 13, 1)[3, 4, 0]))
kind("rgb-transparent-color", image(11, 13), transparency=tuple(int(sample) for sample in picture(11, 13)[3, 4]))
for bits in (1, 2, 4, 8):
    kind(f"palette{bits}", image(11, 13).quantize(1 << bits), bits=bits)
kind("palette-transparent", image(11, 13).quantize(16), transparency=bytes(range(0, 256, 16)))
kind("interlaced-gray", interlaced(picture(11, 13, 1).squeeze(), 0))
kind("interlaced-rgb", interlaced(picture(11, 13), 2))
kind("interlaced-gray-alpha", interlaced(gray_alpha, 4))
kind("exif", image(9, 14), exif=orientation(6))
source = image(24, 36)
save("resizing.png", source)
save("resizing-smaller.png", source.resize((12, 6), Image.Resampling.BOX))
save("resizing-larger.png", source.resize((50, 43), Image.Resampling.BILINEAR))
save("resizing-gray.png", source.convert("L"))

numbers = np.random.default_rng(4)
labels = {"train_labels": np.arange(6).reshape(-1, 1) % 3, "test_labels": np.array([[0], [2]])}
np.savez(
    FOLDER / "medmnist.npz",
    train_images=numbers.integers(0, 256, (6, 4, 5, 3), dtype=np.uint8),
    test_images=numbers.integers(0, 256, (2, 4, 5, 3), dtype=np.uint8),
    val_images=np.zeros((1, 4, 5, 3), np.uint8),
    **labels,
)
with np.load(FOLDER / "medmnist.npz") as arrays:
    np.savez_compressed(
        FOLDER / "keras.npz",
        x_train=arrays["train_images"],
        y_train=labels["train_labels"].astype(np.uint8).ravel(),
        x_test=arrays["test_images"],
        y_test=labels["test_labels"].astype(np.int32).ravel(),
    )
    Image.fromarray(arrays["train_images"].reshape(24, 5, 3)).save(FOLDER / "medmnist.png")
np.savez(FOLDER / "objects.npz", x=np.array([{}, {}], dtype=object), y=np.arange(2))
