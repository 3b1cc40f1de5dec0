#!/usr/bin/env python3
"""Writes src/Beep.LanguageModels/Tokenization/normalization.txt from the Unicode Character Database.

    build/make_normalization_data.py FOLDER    FOLDER holds UnicodeData.txt and CompositionExclusions.txt,
                                               as Debian's package unicode-data puts them in /usr/share/unicode

One line per code point that has a combining class or a decomposition (Hangul syllables follow a rule and are left out):
code point, combining class, kind, decomposition of one level. Kind: `C` canonical, `X` canonical and never composed
again, `K` compatibility, empty when there is no decomposition.
"""
import os
import sys

folder = sys.argv[1]
out = os.path.join(os.path.dirname(__file__), "..", "src", "Beep.LanguageModels", "Tokenization", "normalization.txt")


def rows(name):
    with open(os.path.join(folder, name), encoding="utf-8") as lines:
        for line in lines:
            line = line.split("#")[0].strip()
            if line:
                yield line.split(";")


excluded = {int(row[0], 16) for row in rows("CompositionExclusions.txt")}
points = {int(row[0], 16): (int(row[3]), row[5].split()) for row in rows("UnicodeData.txt")}
with open(out, "w", encoding="ascii", newline="\n") as result:
    for point, (combining, parts) in sorted(points.items()):
        if not combining and not parts:
            continue
        kind = ""
        if parts and parts[0].startswith("<"):
            kind, parts = "K", parts[1:]
        elif parts:
            first = points.get(int(parts[0], 16), (0, []))[0]
            kind = "X" if point in excluded or len(parts) == 1 or combining or first else "C"
        result.write(f"{point:X};{combining};{kind};{' '.join(f'{int(part, 16):X}' for part in parts)}\n")
