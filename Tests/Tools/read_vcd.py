"""Prints what an independent VCD parser reads from a file, for a Swift test to compare: a JSON object by signal.

usage: read_vcd.py FILE.vcd

For each signal its width, how often it changed, for how many time units it was not 0, how often it rose from 0, and
its last value; for wide vectors of characters the set of texts.
"""

import json
import sys

from vcd.reader import TokenKind, tokenize

signals = {}
names = {}
scopes = []
time = 0
with open(sys.argv[1], "rb") as file:
    for token in tokenize(file):
        if token.kind is TokenKind.SCOPE:
            scopes.append(token.scope.ident)
        elif token.kind is TokenKind.UPSCOPE:
            scopes.pop()
        elif token.kind is TokenKind.VAR:
            name = ".".join([*scopes, token.var.reference])
            names.setdefault(token.var.id_code, []).append(name)
            signals[name] = {"width": token.var.size, "changes": -1, "high": 0, "rises": 0, "last": 0, "since": 0, "texts": []}
        elif token.kind is TokenKind.CHANGE_TIME:
            if token.time_change < time:
                sys.exit(f"time goes back from {time} to {token.time_change}")
            time = token.time_change
        elif token.kind in (TokenKind.CHANGE_SCALAR, TokenKind.CHANGE_VECTOR):
            change = token.scalar_change if token.kind is TokenKind.CHANGE_SCALAR else token.vector_change
            value = int(change.value)
            for name in names[change.id_code]:
                signal = signals[name]
                if value >> signal["width"]:
                    sys.exit(f"{name} has {signal['width']} bits, not {value:b}")
                if signal["last"]:
                    signal["high"] += time - signal["since"]
                elif value:
                    signal["rises"] += 1
                signal["changes"] += 1
                signal["since"] = time
                signal["last"] = value
                if signal["width"] > 64:
                    text = value.to_bytes(signal["width"] // 8, "big").lstrip(b"\0").decode("ascii")
                    if text not in signal["texts"]:
                        signal["texts"].append(text)
for signal in signals.values():
    if signal["last"]:
        signal["high"] += time - signal["since"]
    if signal["width"] > 64:
        signal["last"] = 0
    del signal["since"]
print(json.dumps({"end": time, "signals": signals}))
