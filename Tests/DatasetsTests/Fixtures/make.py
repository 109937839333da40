#!/usr/bin/env python3
"""Makes the image files in this folder (needs numpy and Pillow; Pillow's own decoders give the expected pixels).

NAME.png holds the expected pixels of NAME.jpg or NAME.webp.
"""
import io
import pathlib

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
