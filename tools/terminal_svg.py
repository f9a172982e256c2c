#!/usr/bin/env python3
"""Turns a program's coloured output (standard input) into an SVG picture of a terminal (standard output)."""
import re
import sys
from xml.sax.saxutils import escape

CELL, LINE, MARGIN = 7.8, 17, 14
COLORS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff", "35": "#d2a8ff", "36": "#56d4dd"}
SGR = re.compile(r"\x1b\[([0-9;]*)m")


def spans(line):
    style, at = "", 0
    for match in SGR.finditer(line):
        yield line[at:match.start()], style
        style, at = match.group(1), match.end()
    yield line[at:], style


def attributes(style):
    out = ""
    for code in style.split(";"):
        if code == "1":
            out += ' font-weight="bold"'
        elif code == "2":
            out += ' opacity="0.6"'
        elif code in COLORS:
            out += f' fill="{COLORS[code]}"'
    return out


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    width = max(len(SGR.sub("", line)) for line in lines) * CELL + 2 * MARGIN
    height = len(lines) * LINE + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" font-size="13" '
          'font-family="ui-monospace, DejaVu Sans Mono, Menlo, Consolas, monospace" fill="#e6edf3">')
    print(f'<rect width="{width:.0f}" height="{height}" rx="8" fill="#0d1117"/>')
    for row, line in enumerate(lines):
        column = 0
        for text, style in spans(line):
            if text.strip():
                lead = len(text) - len(text.lstrip())
                body = text.strip()
                print(f'<text x="{MARGIN + (column + lead) * CELL:.1f}" y="{MARGIN + row * LINE + 13}" '
                      f'textLength="{len(body) * CELL:.1f}" xml:space="preserve"{attributes(style)}>'
                      f'{escape(body)}</text>')
            column += len(text)
    print("</svg>")


main()
