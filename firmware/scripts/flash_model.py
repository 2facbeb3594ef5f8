#!/usr/bin/env python3
"""Writes a flash image with a network's weights: flash_model.py MODEL.bin IMAGE.

Layout: examples/retnet-flash/weights.h.
"""
import struct
import sys
import zlib

MAGIC = 0x57544E52


def main() -> None:
    model, image = sys.argv[1:]
    with open(model, "rb") as file:
        weights = file.read()
    with open(image, "wb") as file:
        file.write(struct.pack("<4I", MAGIC, len(weights), zlib.crc32(weights), 0))
        file.write(weights)


if __name__ == "__main__":
    main()
